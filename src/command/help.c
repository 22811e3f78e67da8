/* SPDX-License-Identifier: MIT */
#include "command/help.h"

#include <string.h>

#include "answer/help_record.h"
#include "command/arguments.h"

#define DOC_COLUMN 26 /* where the descriptions of options start */

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

struct dill_error *help_emit(const struct command *command, struct arena *arena,
			     struct dill_sink *sink)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf text = {0};
	struct dill_record *record = record_new(arena, &help_kind);

	if (!record)
		return error_no_memory();
	help_append(command, &text);
	TRY(strbuf_error(&text));
	record_set_text(record, HELP_COLUMN_COMMAND, command->name);
	record_set_text(record, HELP_COLUMN_TEXT, strbuf_get(&text));
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
