/* SPDX-License-Identifier: MIT */
#ifndef SYMBOLS_BYTES_H
#define SYMBOLS_BYTES_H

#include <string.h>

#include "base/array.h"
#include "base/span.h"

/**
 * The content of a section as it grows. Appending never fails visibly: when memory runs out the
 * bytes are marked failed, and bytes_error() says so once at the end. `struct bytes text = {0};` is
 * an empty one. Numbers are little-endian.
 */
struct bytes {
	ARRAY(uint8_t) all;
	bool failed;
};

/** Room for @p length more bytes, which count from now on; NULL when there is no memory. */
static inline uint8_t *bytes_more(struct bytes *bytes, size_t length)
{
	struct dill_error *error;
	uint8_t *place;

	if (bytes->all.capacity - bytes->all.count < length) {
		error = array_reserve(&bytes->all, length);
		dill_error_free(error);
		bytes->failed |= error != NULL;
		if (bytes->failed)
			return NULL;
	}
	place = bytes->all.items + bytes->all.count;
	bytes->all.count += length;
	return place;
}

static inline void bytes_add(struct bytes *bytes, const void *data, size_t length)
{
	uint8_t *place = bytes_more(bytes, length);

	if (place && length)
		memcpy(place, data, length);
}

/** Most bytes for which room is made in advance. */
#define BYTES_EXPECTED_MAX ((size_t)16 << 20)

/** Have room for some @p count items of @p each bytes: what has it is not moved about as it grows.
 */
static inline void bytes_expect(struct bytes *bytes, size_t count, size_t each)
{
	size_t length = count < BYTES_EXPECTED_MAX / each ? count * each : BYTES_EXPECTED_MAX;
	struct dill_error *error = array_reserve(&bytes->all, length);

	dill_error_free(error); /* whoever appends will notice */
}

/** Append all of another's. */
static inline void bytes_append(struct bytes *bytes, const struct bytes *other)
{
	bytes_add(bytes, other->all.items, other->all.count);
	bytes->failed |= other->failed;
}

static inline void bytes_add_u8(struct bytes *bytes, unsigned value)
{
	uint8_t *place = bytes_more(bytes, 1);

	if (place)
		*place = (uint8_t)value;
}

static inline void bytes_add_u16(struct bytes *bytes, unsigned value)
{
	uint16_t word = (uint16_t)value;

	bytes_add(bytes, &word, sizeof(word));
}

static inline void bytes_add_u32(struct bytes *bytes, uint32_t value)
{
	bytes_add(bytes, &value, sizeof(value));
}

static inline void bytes_add_u64(struct bytes *bytes, uint64_t value)
{
	bytes_add(bytes, &value, sizeof(value));
}

/** A number as DWARF packs it: seven bits a byte, the lowest first. */
static inline void bytes_add_uleb(struct bytes *bytes, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		bytes_add_u8(bytes, (unsigned)(value & 0x7f) | 0x80);
	bytes_add_u8(bytes, (unsigned)value);
}

/** The same with a sign. */
static inline void bytes_add_sleb(struct bytes *bytes, int64_t value)
{
	for (; value < -0x40 || value >= 0x40; value >>= 7)
		bytes_add_u8(bytes, (unsigned)(value & 0x7f) | 0x80);
	bytes_add_u8(bytes, (unsigned)(value & 0x7f));
}

/** A text with its NUL. @return where it begins */
static inline uint32_t bytes_add_text(struct bytes *bytes, const char *text)
{
	uint32_t place = (uint32_t)bytes->all.count;

	bytes_add(bytes, text, strlen(text) + 1);
	return place;
}

/** Put a number where bytes were left for it. */
static inline void bytes_set_u32(struct bytes *bytes, size_t at, uint32_t value)
{
	if (!bytes->failed)
		memcpy(bytes->all.items + at, &value, sizeof(value));
}

/** Borrowed until the next change. */
static inline struct span bytes_span(const struct bytes *bytes)
{
	return (struct span){bytes->all.items, bytes->all.count};
}

static inline size_t bytes_count(const struct bytes *bytes)
{
	return bytes->all.count;
}

DILL_MUST_CHECK static inline struct dill_error *bytes_error(const struct bytes *bytes)
{
	return bytes->failed ? error_no_memory() : NULL;
}

static inline void bytes_deinit(struct bytes *bytes)
{
	array_free(&bytes->all);
}

#endif
