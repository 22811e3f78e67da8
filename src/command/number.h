/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_NUMBER_H
#define COMMAND_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/**
 * An unsigned number as people write it: decimal or 0x and hexadecimal, nothing before or behind
 * it. A leading 0 is no octal.
 * @return false when @p text is no such number or does not fit; *ret is then undefined
 */
bool number_parse(const char *text, uint64_t *ret);

/** number_parse(), and exactly 16 hexadecimal digits without 0x, as kernel logs print addresses. */
bool address_parse(const char *text, uint64_t *ret);

#endif
