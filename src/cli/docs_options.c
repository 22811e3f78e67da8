/* SPDX-License-Identifier: MIT */
#include "cli/docs.h"
#include "cli/options.h"
#include "command/arguments.h"

static const char heading[] = "| option | meaning |\n|---|---|\n";

void docs_append_cell(const char *cell, struct strbuf *text)
{
	for (; *cell; cell++) {
		if (*cell == '|')
			strbuf_append_char(text, '\\');
		strbuf_append_char(text, *cell);
	}
}

/* One row; letter 0 and value NULL for none. */
static void append_option(char letter, const char *name, const char *separator, const char *value,
			  const char *doc, struct strbuf *text)
{
	strbuf_append(text, "| ");
	if (letter)
		strbuf_append_format(text, "`-%c`, ", letter);
	strbuf_append_format(text, "`--%s%s%s` | ", name, value ? separator : "",
			     value ? value : "");
	docs_append_cell(doc, text);
	strbuf_append(text, " |\n");
}

void docs_append_usage(const struct command *command, struct strbuf *text)
{
	const struct command_option *option;

	strbuf_append(text, "```\n");
	command_append_usage(command, text);
	strbuf_append_format(text, "\n```\n\n%s", heading);
	for (size_t i = 0; (option = arguments_option(command, i)); i++)
		append_option(option->letter, option->name, " ", option->value, option->doc, text);
}

void docs_append_options(struct strbuf *text)
{
	strbuf_append(text, heading);
	for (const struct argp_option *option = options_argp.options; option->name; option++)
		if (!(option->flags & OPTION_HIDDEN))
			append_option(option_letter(option), option->name, "=", option->arg,
				      option->doc, text);
}
