/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "cli/docs.h"
#include "command/kinds.h"

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

/* The commands that print a kind, also inside of another one. */
static struct dill_error *find_emitters(const struct dill_record_kind *kind, const char *separator,
					struct strbuf *ret_names, size_t *ret_count)
{
	*ret_count = 0;
	for (size_t i = 0; commands[i]; i++) {
		struct kinds kinds = {0};
		struct dill_error *error = collect(commands[i], &kinds);
		bool found = false;

		for (size_t j = 0; !error && j < kinds.list.count && !found; j++)
			found = !strcmp(kinds.list.items[j]->name, kind->name);
		array_free(&kinds.list);
		if (error)
			return error;
		if (found)
			strbuf_append_format(ret_names, "%s`%s`", *ret_count ? separator : "",
					     commands[i]->name);
		*ret_count += found;
	}
	return NULL;
}

/* Documented in docs/json.md, not in the page of a command. */
static struct dill_error *is_shared(const struct dill_record_kind *kind, bool *ret)
{
	struct strbuf names = {0};
	size_t count;
	struct dill_error *error = find_emitters(kind, "", &names, &count);

	strbuf_deinit(&names);
	*ret = count > 1;
	return error;
}

/* A table's row may be the beginning of a longer record. */
static void append_short_form(const struct command *command, const struct dill_record_kind *kind,
			      struct strbuf *text)
{
	for (size_t i = 0; command && command->kinds[i]; i++) {
		const struct dill_record_kind *other = command->kinds[i];

		if (strcmp(other->name, kind->name) != 0 ||
		    other->column_count == kind->column_count)
			continue;
		strbuf_append_format(text,
				     "\nThe short form, a row of the table, ends with `%s`.\n",
				     other->columns[other->column_count - 1].name);
	}
}

static struct dill_error *append_type(const struct command *command, const struct column *column,
				      struct strbuf *text)
{
	bool shared = false;

	strbuf_append(text, column_type_text(column->type));
	if (!column->of)
		return NULL;
	TRY(is_shared(column->of, &shared));
	strbuf_append_format(text, ", see [%s](%s#%s)", column->of->name,
			     command && shared ? "../json.md" : "", column->of->name);
	return NULL;
}

/* "; words: live, cached, unknown" of a column that has one of a few. */
static void append_words(const struct column *column, struct strbuf *text)
{
	for (unsigned i = 0; column->words && i < column->words->count; i++)
		strbuf_append_format(text, "%s%s", i ? ", " : "; words: ", column->words->word(i));
}

static struct dill_error *append_fields(const struct command *command,
					const struct dill_record_kind *kind, struct strbuf *text)
{
	strbuf_append(text, "\n| field | type | meaning |\n|---|---|---|\n");
	for (size_t i = 0; i < kind->column_count; i++) {
		const struct column *column = &kind->columns[i];

		if (column->screen) /* never in JSON */
			continue;
		strbuf_append_format(text, "| `%s` | ", column->name);
		TRY(append_type(command, column, text));
		strbuf_append(text, " | ");
		docs_append_cell(column->doc, text);
		append_words(column, text);
		strbuf_append(text, " |\n");
	}
	return NULL;
}

static struct dill_error *append_kind(const struct command *command,
				      const struct dill_record_kind *kind, struct strbuf *text)
{
	if (text->length)
		strbuf_append_char(text, '\n');
	strbuf_append_format(text, "### %s\n\n%s", kind->name, kind->doc);
	strbuf_append(text, kind->doc[strlen(kind->doc) - 1] == '.' ? "\n" : ".\n");
	append_short_form(command, kind, text);
	if (!kind->column_count) /* they are the user's */
		return NULL;
	return append_fields(command, kind, text);
}

struct dill_error *docs_append_records(const struct command *command, struct strbuf *text)
{
	struct kinds kinds = {0};
	struct dill_error *error = collect(command, &kinds);

	for (size_t i = 0; !error && i < kinds.list.count; i++) {
		bool shared = false;

		error = is_shared(kinds.list.items[i], &shared);
		if (!error && shared == !command)
			error = append_kind(command, kinds.list.items[i], text);
	}
	array_free(&kinds.list);
	return error;
}

struct dill_error *docs_append_kinds(struct strbuf *text)
{
	struct kinds kinds = {0};
	struct dill_error *error = collect(NULL, &kinds);

	strbuf_append(text, "| record | what it is | printed by |\n|---|---|---|\n");
	for (size_t i = 0; !error && i < kinds.list.count; i++) {
		size_t count;

		strbuf_append_format(text, "| `%s` | ", kinds.list.items[i]->name);
		docs_append_cell(kinds.list.items[i]->doc, text);
		strbuf_append(text, " | ");
		error = find_emitters(kinds.list.items[i], ", ", text, &count);
		strbuf_append(text, " |\n");
	}
	array_free(&kinds.list);
	return error;
}
