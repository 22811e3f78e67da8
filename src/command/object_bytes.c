/* SPDX-License-Identifier: MIT */
#include "command/fill_object.h"

/* Shown without --hexdump, and at most with it. */
#define BYTES_SHORT 64u
#define BYTES_MAX   65536u

struct dill_error *set_bytes(struct inquiry *inquiry, dill_virt start, uint64_t size,
			     struct dill_record *record)
{
	uint64_t limit = inquiry->whole_dump ? BYTES_MAX : BYTES_SHORT;
	size_t count = size < limit ? (size_t)size : limit;
	uint8_t *bytes = arena_alloc(inquiry->arena, count + 1);
	char *digits = arena_alloc(inquiry->arena, 2 * count + 1);
	struct dill_error *error;

	if (!bytes || !digits)
		return error_no_memory();
	record_set_number(record, OBJECT_COLUMN_BYTES_ADDRESS, start);
	error = kernel_read(inquiry->kernel, start, bytes, count);
	if (error && error_is_fatal(error))
		return error;
	if (error) {
		record_set_text(record, OBJECT_COLUMN_BYTES_PROBLEM,
				arena_format(inquiry->arena, "%s", dill_error_text(error)));
		dill_error_free(error);
		return NULL;
	}
	for (size_t i = 0; i < count; i++) {
		digits[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
		digits[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
	}
	record_set_text(record, OBJECT_COLUMN_BYTES, digits);
	return NULL;
}
