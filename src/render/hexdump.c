/* SPDX-License-Identifier: MIT */
#include "render/hexdump.h"

#include <string.h>

#define LINE_BYTES ((size_t)16)
#define WORD_BYTES 8u

static unsigned digit(char c)
{
	return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a' + 10);
}

static uint8_t byte_at(const char *digits, size_t index)
{
	return (uint8_t)(digit(digits[2 * index]) << 4 | digit(digits[2 * index + 1]));
}

/* A word in the order of its value; the missing bytes of a last, short one are blanks. */
static void draw_word(struct painter *painter, const char *digits, size_t count)
{
	char text[2 * WORD_BYTES + 1];

	memset(text, ' ', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (size_t i = 0; i < count; i++)
		memcpy(text + 2 * (WORD_BYTES - 1 - i), digits + 2 * i, 2);
	paint(painter, STYLE_PLAIN, " ");
	paint(painter, STYLE_NUMBER, text);
}

static void draw_line(struct painter *painter, const char *digits, size_t count, uint64_t address,
		      int64_t offset)
{
	char text[LINE_BYTES + 1] = "";

	paint(painter, STYLE_PLAIN, "  ");
	paint_address(painter, address);
	paint_format(painter, STYLE_DIM, " %+6ld ", (long)offset);
	for (size_t i = 0; i < LINE_BYTES; i += WORD_BYTES) {
		size_t left = count > i ? count - i : 0;

		draw_word(painter, digits + 2 * (left ? i : 0),
			  left < WORD_BYTES ? left : WORD_BYTES);
	}
	for (size_t i = 0; i < count; i++) {
		uint8_t byte = byte_at(digits, i);

		text[i] = '.';
		if (byte >= 0x20 && byte < 0x7f)
			text[i] = (char)byte;
	}
	paint(painter, STYLE_PLAIN, "  ");
	paint(painter, STYLE_PLAIN, text);
	paint_newline(painter);
}

void hexdump_draw(struct painter *painter, const char *digits, uint64_t address, uint64_t origin)
{
	size_t size = strlen(digits) / 2;
	bool folding = false;

	for (size_t at = 0; at < size; at += LINE_BYTES) {
		size_t count = size - at < LINE_BYTES ? size - at : LINE_BYTES;
		bool last = at + LINE_BYTES >= size;

		if (at && !last &&
		    !memcmp(digits + 2 * at, digits + 2 * (at - LINE_BYTES), 2 * LINE_BYTES)) {
			if (!folding) {
				paint(painter, STYLE_DIM, "  *");
				paint_newline(painter);
			}
			folding = true;
			continue;
		}
		folding = false;
		draw_line(painter, digits + 2 * at, count, address + at,
			  (int64_t)(address + at - origin));
	}
}
