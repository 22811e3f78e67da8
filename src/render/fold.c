/* SPDX-License-Identifier: MIT */
#include "render/fold.h"

#include <stdbool.h>
#include <string.h>

#include "render/text_width.h"

#define LABEL_MAX  28 /* text that starts behind a label starts at this column at the latest */
#define STYLE_MAX  16 /* bytes of an escape sequence of the painter's */
#define INDENT_ADD 4

/* One line that is too long, while it is copied. */
struct folder {
	struct strbuf *to;
	size_t width, indent;
	size_t column;	       /* of the line being written */
	char style[STYLE_MAX]; /* the sequence that is in force; "" = none */
};

/* Length of the escape sequence at @text, 0 when there is none. */
static size_t escape_length(const char *text)
{
	size_t length;

	if (text[0] != '\033' || text[1] != '[')
		return 0;
	length = 2 + strspn(text + 2, "0123456789;");
	return text[length] ? length + 1 : length;
}

/* Length of the character at @text and the columns that it takes. */
static size_t character(const char *text, size_t *ret_columns)
{
	size_t length = text_fit(text, 1, ret_columns);

	return length ? length : text_fit(text, 2, ret_columns);
}

static bool is_too_long(const char *line, size_t width)
{
	size_t columns = 0, taken;

	while (*line && *line != '\n' && columns <= width) {
		size_t skipped = escape_length(line);

		if (skipped) {
			line += skipped;
			continue;
		}
		line += character(line, &taken);
		columns += taken;
	}
	return columns > width;
}

/* Where what follows a break of this line begins. */
static size_t indent_of(const char *line, size_t width)
{
	size_t column = 0, blanks = 0, own = 0, taken;
	bool started = false;

	for (; *line && *line != '\n' && column <= LABEL_MAX; column += taken) {
		size_t skipped = escape_length(line);

		taken = 0;
		if (skipped) {
			line += skipped;
			continue;
		}
		if (*line == ' ') {
			blanks++;
		} else {
			if (started && blanks >= 2 && column <= width / 2)
				return column;
			if (!started)
				own = column;
			started = true;
			blanks = 0;
		}
		line += character(line, &taken);
	}
	return own + INDENT_ADD <= width / 2 ? own + INDENT_ADD : 0;
}

/* Columns from @text to the next blank or the end of the line; with @phrase to the next two. */
static size_t word_width(const char *text, bool phrase)
{
	size_t columns = 0, taken;

	while (*text && *text != '\n' && (*text != ' ' || (phrase && text[1] != ' '))) {
		size_t skipped = escape_length(text);

		if (skipped) {
			text += skipped;
			continue;
		}
		text += character(text, &taken);
		columns += taken;
	}
	return columns;
}

static void break_line(struct folder *folder)
{
	struct strbuf *to = folder->to;

	while (to->length && to->data[to->length - 1] == ' ')
		to->data[--to->length] = '\0';
	if (folder->style[0])
		strbuf_append(to, "\033[0m");
	strbuf_append_char(to, '\n');
	strbuf_append_repeated(to, ' ', folder->indent);
	strbuf_append(to, folder->style);
	folder->column = folder->indent;
}

static void copy_escape(struct folder *folder, const char *text, size_t length)
{
	bool ends = length == 4 && !memcmp(text, "\033[0m", 4);

	strbuf_append_bytes(folder->to, text, length);
	folder->style[0] = '\0';
	if (ends || length >= sizeof(folder->style))
		return;
	memcpy(folder->style, text, length);
	folder->style[length] = '\0';
}

/* A blank goes when the word behind it does not fit. Two set off what belongs together. */
static const char *copy_blanks(struct folder *folder, const char *line)
{
	size_t blanks = strspn(line, " "), wanted = word_width(line + blanks, false);

	if (blanks > 1) {
		size_t phrase = word_width(line + blanks, true);

		wanted = phrase <= folder->width / 2 ? phrase : wanted;
	}
	if (folder->column > folder->indent && folder->column + blanks + wanted > folder->width) {
		break_line(folder);
	} else {
		strbuf_append_bytes(folder->to, line, blanks);
		folder->column += blanks;
	}
	return line + blanks;
}

/* @return the end of the line: its newline, or the text's end */
static const char *fold_line(struct folder *folder, const char *line)
{
	folder->indent = indent_of(line, folder->width);
	folder->column = 0;
	folder->style[0] = '\0';
	while (*line && *line != '\n') {
		size_t length = escape_length(line), taken;

		if (length) {
			copy_escape(folder, line, length);
			line += length;
			continue;
		}
		if (*line == ' ') {
			line = copy_blanks(folder, line);
			continue;
		}
		length = character(line, &taken);
		if (folder->column + taken > folder->width) /* a word longer than a line */
			break_line(folder);
		strbuf_append_bytes(folder->to, line, length);
		folder->column += taken;
		line += length;
	}
	return line;
}

void fold_lines(struct strbuf *text, size_t start, size_t width)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf folded = {0};
	struct folder folder = {.to = &folded, .width = width};
	const char *line = text->data + start;
	bool any = false;

	if (text->failed || text->length <= start)
		return;
	while (*line) {
		const char *end = strchrnul(line, '\n');

		if (is_too_long(line, width)) {
			any = true;
			line = fold_line(&folder, line);
		} else {
			strbuf_append_bytes(&folded, line, (size_t)(end - line));
			line = end;
		}
		if (*line == '\n')
			strbuf_append_char(&folded, *line++);
	}
	if (!any)
		return;
	text->length = start;
	text->data[start] = '\0';
	strbuf_append_bytes(text, strbuf_get(&folded), folded.length);
	text->failed |= folded.failed;
}
