/* SPDX-License-Identifier: MIT */
#ifndef BASE_SPAN_H
#define BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/** Bytes somebody else owns. What parsers take instead of a target, so that they can be tested and
 * fuzzed. */
struct span {
	const uint8_t *data;
	size_t size;
};

/** True when [offset, offset + length) lies inside @p span; safe for every value. */
static inline bool span_holds(struct span span, uint64_t offset, uint64_t length)
{
	return offset <= span.size && length <= span.size - offset;
}

/** The part [offset, offset + length) of @p span, cut to what is there. */
static inline struct span span_cut(struct span span, uint64_t offset, uint64_t length)
{
	if (offset > span.size)
		offset = span.size;
	if (length > span.size - offset)
		length = span.size - offset;
	return (struct span){span.data + offset, (size_t)length};
}

/** Little-endian reads at @p offset, which the caller has checked with span_holds(). */
static inline uint16_t span_u16(struct span span, size_t offset)
{
	uint16_t value;

	memcpy(&value, span.data + offset, sizeof(value));
	return value;
}

static inline uint32_t span_u32(struct span span, size_t offset)
{
	uint32_t value;

	memcpy(&value, span.data + offset, sizeof(value));
	return value;
}

static inline uint64_t span_u64(struct span span, size_t offset)
{
	uint64_t value;

	memcpy(&value, span.data + offset, sizeof(value));
	return value;
}

#endif
