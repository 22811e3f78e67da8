/* SPDX-License-Identifier: MIT */
#include "command/help.h"

#include <string.h>

#include "command/arguments.h"
#include "render/view.h"

#define DOC_COLUMN 26 /* where the descriptions of options start */

enum { HELP_COMMAND, HELP_TEXT };

static const struct column help_columns[] = {
	[HELP_COMMAND] = {"command", COLUMN_TEXT, NULL, "name of the command"},
	[HELP_TEXT] = {"text", COLUMN_TEXT, NULL,
		       "its usage, options and description; has newlines"},
};

static struct dill_error *draw(struct painter *painter, const struct record *record)
{
	paint(painter, STYLE_PLAIN, record_text(record, HELP_TEXT));
	return NULL;
}

static const struct record_view help_view = {.draw = draw};

const struct record_kind help_kind = {
	.name = "help",
	.doc = "How a command is used.",
	.columns = help_columns,
	.column_count = sizeof(help_columns) / sizeof(help_columns[0]),
	.view = &help_view,
};

static void append_option(const struct command_option *option, struct strbuf *text)
{
	size_t start = text->length;

	if (option->letter)
		strbuf_append_format(text, "  -%c, --%s", option->letter, option->name);
	else
		strbuf_append_format(text, "      --%s", option->name);
	if (option->value)
		strbuf_append_format(text, " %s", option->value);

	size_t used = text->length - start;

	if (used + 2 > DOC_COLUMN) {
		strbuf_append_char(text, '\n');
		used = 0;
	}
	strbuf_append_repeated(text, ' ', DOC_COLUMN - used);
	strbuf_append(text, option->doc);
	strbuf_append_char(text, '\n');
}

void help_append(const struct command *command, struct strbuf *text)
{
	strbuf_append(text, "Usage: ");
	command_append_usage(command, text);
	strbuf_append_format(text, "\n\n%s.\n\nOptions:\n", command->summary);
	for (size_t i = 0; i < COMMAND_OPTIONS_MAX && command->options[i].name; i++)
		append_option(&command->options[i], text);
	for (size_t i = 0; i < COMMON_COUNT; i++)
		append_option(&common_options[i], text);
	if (command->help && *command->help) {
		strbuf_append_format(text, "\n%s", command->help);
		if (command->help[strlen(command->help) - 1] != '\n')
			strbuf_append_char(text, '\n');
	}
}

struct dill_error *help_emit(const struct command *command, struct arena *arena, struct sink *sink)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf text = {0};
	struct record *record = record_new(arena, &help_kind);

	if (!record)
		return error_no_memory();
	help_append(command, &text);
	TRY(strbuf_error(&text));
	record_set_text(record, HELP_COMMAND, command->name);
	record_set_text(record, HELP_TEXT, strbuf_get(&text));
	return sink->emit(sink, record);
}

struct dill_error *command_help(const struct command *command, char **ret)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf text = {0};

	help_append(command, &text);
	TRY(strbuf_error(&text));
	*ret = steal(text.data);
	return NULL;
}
