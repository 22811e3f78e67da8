/* SPDX-License-Identifier: MIT */
#ifndef RENDER_NUMBER_TEXT_H
#define RENDER_NUMBER_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* Numbers to text without printf, whose format parsing dominates a dump of millions of objects. */

/** "0x" and 16 digits; also the width of an address in tables. */
#define ADDRESS_TEXT_LENGTH 18

/** Write the ADDRESS_TEXT_LENGTH characters of @p address; no NUL is added. */
static inline void address_text(uint64_t address, char *ret)
{
	ret[0] = '0';
	ret[1] = 'x';
	for (int i = ADDRESS_TEXT_LENGTH - 1; i >= 2; i--, address >>= 4)
		ret[i] = "0123456789abcdef"[address & 15];
}

/** Longest decimal uint64_t. */
#define DECIMAL_TEXT_LENGTH 20

/** Write @p number in decimal at the end of @p buffer (DECIMAL_TEXT_LENGTH bytes); no NUL is added.
 * @return its length */
static inline size_t decimal_text(uint64_t number, char *buffer)
{
	size_t at = DECIMAL_TEXT_LENGTH;

	do {
		buffer[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	return DECIMAL_TEXT_LENGTH - at;
}

#endif
