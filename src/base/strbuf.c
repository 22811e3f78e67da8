/* SPDX-License-Identifier: MIT */
#include "base/strbuf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool reserve(struct strbuf *text, size_t more)
{
	if (text->failed || more > SIZE_MAX / 4 || text->length > SIZE_MAX / 4)
		return !(text->failed = true);

	size_t wanted = text->length + more + 1;

	if (wanted <= text->capacity)
		return true;
	if (wanted < text->capacity * 2)
		wanted = text->capacity * 2;
	char *grown = realloc(text->data, wanted);

	if (!grown)
		return !(text->failed = true);
	text->data = grown;
	text->capacity = wanted;
	return true;
}

void strbuf_append_bytes(struct strbuf *text, const char *bytes, size_t length)
{
	if (!reserve(text, length))
		return;
	if (length)
		memcpy(text->data + text->length, bytes, length);
	text->length += length;
	text->data[text->length] = '\0';
}

void strbuf_append(struct strbuf *text, const char *string)
{
	strbuf_append_bytes(text, string, strlen(string));
}

void strbuf_append_char(struct strbuf *text, char c)
{
	strbuf_append_bytes(text, &c, 1);
}

void strbuf_append_repeated(struct strbuf *text, char c, size_t count)
{
	if (!reserve(text, count))
		return;
	memset(text->data + text->length, c, count);
	text->length += count;
	text->data[text->length] = '\0';
}

void strbuf_append_format(struct strbuf *text, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	int length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (length < 0 || !reserve(text, (size_t)length)) {
		text->failed = true;
		return;
	}
	va_start(arguments, format);
	vsnprintf(text->data + text->length, (size_t)length + 1, format, arguments);
	va_end(arguments);
	text->length += (size_t)length;
}

/* Length of the valid UTF-8 sequence of a printable character at the start of bytes; 0 when there
 * is none. */
static size_t utf8_length(const unsigned char *bytes, size_t length)
{
	size_t size = bytes[0] < 0x80 ? 1 : bytes[0] >= 0xf0 ? 4 : bytes[0] >= 0xe0 ? 3 : 2;
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};

	if (size > length || (bytes[0] >= 0x80 && bytes[0] < 0xc2) || bytes[0] > 0xf4)
		return 0;
	if (size == 1)
		return 1;

	uint32_t point = bytes[0] & (0x7fu >> size);

	for (size_t i = 1; i < size; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (bytes[i] & 0x3f);
	}
	/* C1 controls act on terminals, bidirectional marks reorder lines: escape them with the
	 * invalid ones. */
	if (point < smallest[size] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000) ||
	    point < 0xa0 || (point >= 0x200b && point <= 0x200f) ||
	    (point >= 0x2028 && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069) ||
	    point == 0xfeff)
		return 0;
	return size;
}

/* @also: a character to escape with those that are not printable; 0 = none. */
static void append_shown(struct strbuf *text, const char *bytes, size_t length, char also)
{
	const unsigned char *at = (const unsigned char *)bytes;

	while (length) {
		size_t size = utf8_length(at, length);

		if (size && at[0] >= 0x20 && at[0] != 0x7f && at[0] != (unsigned char)also) {
			strbuf_append_bytes(text, (const char *)at, size);
		} else {
			strbuf_append_format(text, "\\x%02x", at[0]);
			size = 1;
		}
		at += size;
		length -= size;
	}
}

void strbuf_append_escaped(struct strbuf *text, const char *bytes, size_t length)
{
	append_shown(text, bytes, length, '\\');
}

void strbuf_append_printable(struct strbuf *text, const char *bytes, size_t length)
{
	append_shown(text, bytes, length, 0);
}

void strbuf_clear(struct strbuf *text)
{
	text->length = 0;
	if (text->data)
		text->data[0] = '\0';
}

const char *strbuf_get(const struct strbuf *text)
{
	return text->data ? text->data : "";
}

struct dill_error *strbuf_error(const struct strbuf *text)
{
	return text->failed ? error_no_memory() : NULL;
}

void strbuf_deinit(struct strbuf *text)
{
	free(text->data);
	*text = (struct strbuf){0};
}
