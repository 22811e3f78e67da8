/* SPDX-License-Identifier: MIT */
#ifndef BASE_CHECKED_H
#define BASE_CHECKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Arithmetic on numbers from the target. True when the result did not fit; *ret is then undefined.
 */
static inline bool checked_add(uint64_t a, uint64_t b, uint64_t *ret)
{
	return __builtin_add_overflow(a, b, ret);
}

static inline bool checked_mul(uint64_t a, uint64_t b, uint64_t *ret)
{
	return __builtin_mul_overflow(a, b, ret);
}

static inline bool checked_size(uint64_t value, size_t limit, size_t *ret)
{
	if (value > limit)
		return true;
	*ret = (size_t)value;
	return false;
}

#endif
