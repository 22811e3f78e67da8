/* SPDX-License-Identifier: MIT */
/*
 * Snappy, as makedumpfile -p and QEMU write pages. Its library would bring the run-time of C++ into
 * GDB's process and into a static program, for one page of code.
 * Source of the format: format_description.txt of snappy
 */
#include "target/core.h"

/* The length of what is packed: seven bits in each byte, the lowest first. */
static bool take_size(struct span *in, uint64_t *ret)
{
	*ret = 0;
	for (unsigned i = 0; i < 5 && i < in->size; i++) {
		*ret |= (uint64_t)(in->data[i] & 0x7f) << (7 * i);
		if (!(in->data[i] & 0x80)) {
			*in = span_cut(*in, i + 1, in->size);
			return true;
		}
	}
	return false;
}

/* A little-endian number of @count bytes. */
static bool take_number(struct span *in, unsigned count, size_t *ret)
{
	if (in->size < count)
		return false;
	*ret = 0;
	for (unsigned i = 0; i < count; i++)
		*ret |= (size_t)in->data[i] << (8 * i);
	*in = span_cut(*in, count, in->size);
	return true;
}

static bool literal(struct span *in, unsigned tag, uint8_t *to, size_t left, size_t *ret_length)
{
	size_t length = tag >> 2;

	if (length >= 60 && !take_number(in, (unsigned)length - 59, &length))
		return false;
	if (++length > left || length > in->size)
		return false;
	memcpy(to, in->data, length);
	*in = span_cut(*in, length, in->size);
	*ret_length = length;
	return true;
}

static bool copy(struct span *in, unsigned tag, uint8_t *to, size_t done, size_t left,
		 size_t *ret_length)
{
	static const unsigned bytes[] = {0, 1, 2, 4};
	size_t distance, length = (tag >> 2) + 1;

	if (!take_number(in, bytes[tag & 3], &distance))
		return false;
	if ((tag & 3) == 1) {
		length = 4 + (tag >> 2 & 7);
		distance |= (size_t)(tag >> 5) << 8;
	}
	if (!distance || distance > done || length > left)
		return false;
	for (size_t i = 0; i < length; i++)
		to[i] = *(to + i - distance);
	*ret_length = length;
	return true;
}

bool snappy_size(struct span packed, uint64_t *ret)
{
	return take_size(&packed, ret);
}

bool snappy_unpack(struct span packed, uint8_t *to, size_t size)
{
	uint64_t claimed;
	size_t done = 0;

	if (!take_size(&packed, &claimed) || claimed != size)
		return false;
	while (packed.size) {
		unsigned tag = packed.data[0];
		size_t length = 0;

		packed = span_cut(packed, 1, packed.size);
		if (!(tag & 3 ? copy(&packed, tag, to + done, done, size - done, &length)
			      : literal(&packed, tag, to + done, size - done, &length)))
			return false;
		done += length;
	}
	return done == size;
}
