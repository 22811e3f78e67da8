/* SPDX-License-Identifier: MIT */
#ifndef BASE_PATTERN_H
#define BASE_PATTERN_H

#include "base/error.h"
#include "base/span.h"

#define PATTERN_MAX 256u

/** Bytes to look for, some of which may be anything. */
struct pattern {
	uint8_t bytes[PATTERN_MAX];
	bool fixed[PATTERN_MAX]; /**< false = any byte */
	size_t length;
	size_t align; /**< distance of places that count, from the start of what is searched */
	/* The longest run of fixed bytes: looked for first. */
	size_t anchor, anchor_length;
};

/**
 * Parse words like "de ad ?? ef", "dead??ef", "u32:4711 ff": hexadecimal bytes with ?? for any
 * one, and little-endian values of 1, 2, 4 and 8 bytes as u8: u16: u32: u64: and a number. What
 * begins with a value counts only at multiples of its size.
 * @return NULL; INVALID_ARGUMENT with what is wrong
 */
DILL_MUST_CHECK struct dill_error *pattern_parse(const char *text, struct pattern *ret);

/** These very bytes. INVALID_ARGUMENT when there are none, or more than PATTERN_MAX. */
DILL_MUST_CHECK struct dill_error *pattern_of_bytes(const void *bytes, size_t length,
						    struct pattern *ret);

/**
 * The first place at or behind @p from where the pattern lies whole in @p span.
 * @param base  offset that @p span begins at, for the alignment
 */
bool pattern_find(const struct pattern *pattern, struct span span, size_t from, size_t base,
		  size_t *ret);

/** The first 8-byte word at a multiple of 8 at or behind @p from whose value lies in [@p low,
 * @p low + @p size). */
bool word_find(struct span span, size_t from, uint64_t low, uint64_t size, size_t *ret);

#endif
