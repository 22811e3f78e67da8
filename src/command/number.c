/* SPDX-License-Identifier: MIT */
#include "command/number.h"

#include <string.h>

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

static bool parse_digits(const char *text, unsigned base, uint64_t *ret)
{
	*ret = 0;
	if (!*text)
		return false;
	for (; *text; text++) {
		unsigned digit = (unsigned)digit_value(*text);

		if (digit >= base || __builtin_mul_overflow(*ret, base, ret) ||
		    __builtin_add_overflow(*ret, digit, ret))
			return false;
	}
	return true;
}

bool number_parse(const char *text, uint64_t *ret)
{
	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
		return parse_digits(text + 2, 16, ret);
	return parse_digits(text, 10, ret);
}

bool address_parse(const char *text, uint64_t *ret)
{
	if (strlen(text) == 16 && parse_digits(text, 16, ret))
		return true;
	return number_parse(text, ret);
}
