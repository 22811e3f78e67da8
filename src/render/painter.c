/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "render/number_text.h"
#include "render/text_width.h"
#include "render/view.h"

/* Parameters of ANSI's "select graphic rendition"; the eight basic colours follow the terminal's
 * own scheme. NULL = as the text around. */
static const char *const colors[] = {
	[STYLE_HEADING] = "1", [STYLE_NAME] = "36", [STYLE_ADDRESS] = "34",
	[STYLE_DIM] = "2",     [STYLE_LIVE] = "33", [STYLE_FREE] = "32",
	[STYLE_CACHED] = "36", [STYLE_WARN] = "35", [STYLE_BAD] = "1;31",
};

static const char *color(const struct painter *painter, enum style style)
{
	return painter->color && style < sizeof(colors) / sizeof(colors[0]) ? colors[style] : NULL;
}

static void paint_bytes(struct painter *painter, enum style style, const char *text, size_t length)
{
	const char *parameters = color(painter, style);

	if (!length)
		return;
	if (parameters) {
		strbuf_append(&painter->text, "\033[");
		strbuf_append(&painter->text, parameters);
		strbuf_append_char(&painter->text, 'm');
	}
	strbuf_append_bytes(&painter->text, text, length);
	if (parameters)
		strbuf_append(&painter->text, "\033[0m");
}

void paint(struct painter *painter, enum style style, const char *text)
{
	paint_bytes(painter, style, text, strlen(text));
}

void paint_part(struct painter *painter, enum style style, const char *text, size_t length)
{
	paint_bytes(painter, style, text, length);
}

void paint_format(struct painter *painter, enum style style, const char *format, ...)
{
	_cleanup_(freep)
	char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	int length = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (length < 0) {
		text = NULL; /* vasprintf() leaves it undefined */
		painter->text.failed = true;
		return;
	}
	paint_bytes(painter, style, text, (size_t)length);
}

void paint_address(struct painter *painter, uint64_t address)
{
	char text[ADDRESS_TEXT_LENGTH];

	address_text(address, text);
	paint_bytes(painter, STYLE_ADDRESS, text, sizeof(text));
}

void paint_padded(struct painter *painter, enum style style, const char *text, int width)
{
	size_t wanted = width < 0 ? 0 - (size_t)width : (size_t)width;
	size_t columns;
	size_t length = text_fit(text, wanted, &columns);
	bool cut = text[length] != '\0' && wanted > 0;

	if (cut)
		length = text_fit(text, wanted - 1, &columns);

	size_t blanks = wanted - columns - cut;

	if (width < 0)
		strbuf_append_repeated(&painter->text, ' ', blanks);
	paint_bytes(painter, style, text, length);
	if (cut)
		paint(painter, STYLE_DIM, "~");
	if (width > 0)
		strbuf_append_repeated(&painter->text, ' ', blanks);
}

void paint_field(struct painter *painter, const struct dill_record *record, size_t column)
{
	if (!record->fields[column].present) {
		paint(painter, STYLE_DIM, "-");
		return;
	}
	switch (record->kind->columns[column].type) {
	case DILL_COLUMN_ADDRESS:
		paint_address(painter, record_number(record, column));
		break;
	case DILL_COLUMN_COUNT:
		paint_format(painter, STYLE_NUMBER, "%" PRIu64, record_number(record, column));
		break;
	default:
		paint(painter, STYLE_PLAIN, record_text(record, column));
	}
}

void paint_newline(struct painter *painter)
{
	strbuf_append_char(&painter->text, '\n');
}
