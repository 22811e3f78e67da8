/* SPDX-License-Identifier: MIT */
#include "gdb/expression.h"

/* The place behind the quoted text that starts at @text; a backslash hides the next character. */
static const char *skip_quoted(const char *text)
{
	char quote = *text++;

	while (*text && *text != quote)
		text += *text == '\\' && text[1] ? 2 : 1;
	return *text ? text + 1 : text;
}

static const char *skip_parentheses(const char *text)
{
	unsigned depth = 0;

	while (*text) {
		if (*text == '"' || *text == '\'') {
			text = skip_quoted(text);
			continue;
		}
		if (*text == '(')
			depth++;
		else if (*text == ')' && --depth == 0)
			return text + 1;
		text++;
	}
	return text;
}

void expression_protect(const char *line, struct strbuf *ret)
{
	while (*line) {
		const char *end = line + 1;

		if (*line == '(') {
			for (end = skip_parentheses(line); line < end; line++) {
				strbuf_append_char(ret, '\\');
				strbuf_append_char(ret, *line);
			}
			continue;
		}
		if (*line == '"' || *line == '\'')
			end = skip_quoted(line);
		else if (*line == '\\' && line[1])
			end = line + 2;
		strbuf_append_bytes(ret, line, (size_t)(end - line));
		line = end;
	}
}
