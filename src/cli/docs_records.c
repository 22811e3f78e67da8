/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cli/docs.h"
#include "command/kinds.h"

static bool emits(const struct command *command, const char *kind)
{
	for (size_t i = 0; command->kinds && command->kinds[i]; i++)
		if (!strcmp(command->kinds[i]->name, kind))
			return true;
	return false;
}

static size_t count_emitters(const struct record_kind *kind)
{
	size_t count = 0;

	for (size_t i = 0; commands[i]; i++)
		count += emits(commands[i], kind->name);
	return count;
}

/* The kinds of one command, or of all for NULL, with those inside of them. */
static struct dill_error *collect(const struct command *command, struct kinds *kinds)
{
	for (size_t i = 0; commands[i]; i++)
		if (!command || command == commands[i])
			TRY(kinds_of_command(commands[i], kinds));

	size_t count = kinds->list.count; /* kinds_inside() appends to the list it walks */

	for (size_t i = 0; i < count; i++)
		TRY(kinds_inside(kinds->list.items[i], kinds));
	return NULL;
}

/* A table's row may be the beginning of a longer record. */
static void append_short_form(const struct command *command, const struct record_kind *kind,
			      struct strbuf *text)
{
	for (size_t i = 0; command && command->kinds[i]; i++) {
		const struct record_kind *other = command->kinds[i];

		if (strcmp(other->name, kind->name) || other->column_count == kind->column_count)
			continue;
		strbuf_append_format(text,
				     "\nThe short form, a row of the table, ends with `%s`.\n",
				     other->columns[other->column_count - 1].name);
	}
}

static void append_fields(const struct record_kind *kind, struct strbuf *text)
{
	strbuf_append(text, "\n| field | type | meaning |\n|---|---|---|\n");
	for (size_t i = 0; i < kind->column_count; i++) {
		const struct column *column = &kind->columns[i];

		strbuf_append_format(text, "| `%s` | %s", column->name,
				     column_type_text(column->type));
		if (column->of)
			strbuf_append_format(text, ", see [%s](#%s)", column->of->name,
					     column->of->name);
		strbuf_append(text, " | ");
		docs_append_cell(column->doc, text);
		strbuf_append(text, " |\n");
	}
}

static void append_kind(const struct command *command, const struct record_kind *kind,
			struct strbuf *text)
{
	if (text->length)
		strbuf_append_char(text, '\n');
	strbuf_append_format(text, "### %s\n\n%s", kind->name, kind->doc);
	strbuf_append(text, kind->doc[strlen(kind->doc) - 1] == '.' ? "\n" : ".\n");
	append_short_form(command, kind, text);
	append_fields(kind, text);
}

struct dill_error *docs_append_records(const struct command *command, struct strbuf *text)
{
	struct kinds kinds = {0};
	struct dill_error *error = collect(command, &kinds);

	for (size_t i = 0; !error && i < kinds.list.count; i++)
		if ((count_emitters(kinds.list.items[i]) > 1) == !command)
			append_kind(command, kinds.list.items[i], text);
	array_free(&kinds.list);
	return error;
}

static void append_emitters(const struct record_kind *kind, struct strbuf *text)
{
	const char *separator = "";

	for (size_t i = 0; commands[i]; i++) {
		if (!emits(commands[i], kind->name))
			continue;
		strbuf_append_format(text, "%s`%s`", separator, commands[i]->name);
		separator = ", ";
	}
}

struct dill_error *docs_append_kinds(struct strbuf *text)
{
	struct kinds kinds = {0};
	struct dill_error *error = collect(NULL, &kinds);

	strbuf_append(text, "| record | what it is | printed by |\n|---|---|---|\n");
	for (size_t i = 0; !error && i < kinds.list.count; i++) {
		strbuf_append_format(text, "| `%s` | ", kinds.list.items[i]->name);
		docs_append_cell(kinds.list.items[i]->doc, text);
		strbuf_append(text, " | ");
		append_emitters(kinds.list.items[i], text);
		strbuf_append(text, " |\n");
	}
	array_free(&kinds.list);
	return error;
}
