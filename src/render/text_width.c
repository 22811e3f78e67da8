/* SPDX-License-Identifier: MIT */
#include "render/text_width.h"

#include <stdint.h>

struct range {
	uint32_t first, last;
};

/* Blocks of combining marks and of characters without a width (Unicode 15, general category Mn, Me,
 * Cf); the common ones, since names in a kernel are ASCII nearly always. */
static const struct range narrow[] = {
	{0x0300, 0x036f}, {0x0483, 0x0489}, {0x0591, 0x05bd}, {0x0610, 0x061a},
	{0x064b, 0x065f}, {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x200b, 0x200f},
	{0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f},
};

/* Blocks of characters that take two columns (Unicode 15, East Asian Width W and F). */
static const struct range wide[] = {
	{0x1100, 0x115f},   {0x2e80, 0x303e},	{0x3041, 0x4dbf},   {0x4e00, 0xa4cf},
	{0xa960, 0xa97c},   {0xac00, 0xd7a3},	{0xf900, 0xfaff},   {0xfe30, 0xfe6f},
	{0xff00, 0xff60},   {0xffe0, 0xffe6},	{0x1f300, 0x1f64f}, {0x1f680, 0x1f6ff},
	{0x1f900, 0x1f9ff}, {0x20000, 0x3fffd},
};

static int is_in(const struct range *ranges, size_t count, uint32_t point)
{
	for (size_t i = 0; i < count; i++)
		if (point >= ranges[i].first && point <= ranges[i].last)
			return 1;
	return 0;
}

/* Length in bytes of the character at text, 1 when the bytes are no UTF-8. */
static size_t step(const unsigned char *text, size_t *ret_columns)
{
	size_t size = text[0] < 0xc2 ? 1 : text[0] < 0xe0 ? 2 : text[0] < 0xf0 ? 3 : 4;
	uint32_t point = size == 1 ? text[0] : text[0] & (0x7fu >> size);

	*ret_columns = 1;
	for (size_t i = 1; i < size; i++) {
		if ((text[i] & 0xc0) != 0x80) /* also the terminating NUL */
			return 1;
		point = point << 6 | (text[i] & 0x3f);
	}
	if (point < 0x300)
		return size;
	if (is_in(narrow, sizeof(narrow) / sizeof(narrow[0]), point))
		*ret_columns = 0;
	else if (is_in(wide, sizeof(wide) / sizeof(wide[0]), point))
		*ret_columns = 2;
	return size;
}

size_t text_fit(const char *text, size_t columns, size_t *ret_columns)
{
	size_t length = 0, used = 0;

	while (text[length]) {
		size_t width;
		size_t size = step((const unsigned char *)text + length, &width);

		if (width > columns - used)
			break;
		used += width;
		length += size;
	}
	*ret_columns = used;
	return length;
}

size_t text_width(const char *text)
{
	size_t columns;

	text_fit(text, (size_t)-1, &columns);
	return columns;
}
