/* SPDX-License-Identifier: MIT */
#include <limits.h>
#include <string.h>

#include "answer/help_record.h"
#include "render/views.h"

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
	const char *line = record_text(record, HELP_COLUMN_TEXT);
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

const struct record_view help_view = {.draw = draw};
