/* SPDX-License-Identifier: MIT */
#include "command/help.h"

#include <limits.h>
#include <string.h>

#include "command/arguments.h"
#include "render/view.h"

#define DOC_COLUMN 26 /* where the descriptions of options start */

enum { HELP_COMMAND, HELP_TEXT };

static const struct column help_columns[] = {
	[HELP_COMMAND] = {"command", DILL_COLUMN_TEXT, NULL, "name of the command"},
	[HELP_TEXT] = {"text", DILL_COLUMN_TEXT, NULL,
		       "its usage, options and description; has newlines"},
};

/* The next word of a paragraph, on a line of its own where it does not fit. */
static void draw_word(struct painter *painter, const char *word, size_t length, size_t *column)
{
	if (*column && *column + 1 + length > painter->width) {
		paint_newline(painter);
		*column = 0;
	}
	if (*column)
		paint(painter, STYLE_PLAIN, " ");
	paint_part(painter, STYLE_PLAIN, word, length);
	*column += length + (*column ? 1 : 0);
}

/* Paragraphs are filled anew for a narrow terminal; what is indented stays as it is. */
static struct dill_error *draw(struct painter *painter, const struct dill_record *record)
{
	const char *line = record_text(record, HELP_TEXT);
	size_t column = 0; /* of a paragraph that may go on */

	while (*line) {
		size_t length = strcspn(line, "\n");

		if (length && *line != ' ') {
			for (size_t at = 0, word; at < length;
			     at += word + (line[at + word] == ' ')) {
				word = strcspn(line + at, " \n");
				draw_word(painter, line + at, word, &column);
			}
		} else {
			if (column)
				paint_newline(painter);
			column = 0;
			paint_part(painter, STYLE_PLAIN, line, length);
			paint_newline(painter);
		}
		line += length + (line[length] == '\n');
		/* Lines that end a thought are short, and stay apart: a heading, a usage. */
		if (column && (painter->width == UINT_MAX || line[-2] == ':')) {
			paint_newline(painter);
			column = 0;
		}
	}
	if (column)
		paint_newline(painter);
	return NULL;
}

static const struct record_view help_view = {.draw = draw};

const struct dill_record_kind help_kind = {
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
