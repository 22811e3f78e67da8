/* SPDX-License-Identifier: MIT */
/* Reads past the page cache: large runs that are looked at once would push everything else out. */
#include <string.h>

#include "target/target_private.h"

/* A page of an uncached read that is wanted in part only: it arrives beside the caller's buffer. */
struct partial_page {
	uint8_t bytes[DILL_PAGE_SIZE];
	uint8_t *destination;
	size_t offset, length;
};

struct uncached_read {
	enum dill_space space;
	struct partial_page partial[2]; /* the first and the last page */
	size_t partial_count;
};

static void want_uncached(struct target *target, struct uncached_read *read, uint64_t address,
			  uint8_t *destination, size_t length)
{
	uint8_t *buffer = destination;

	if (length < DILL_PAGE_SIZE) {
		struct partial_page *partial = &read->partial[read->partial_count++];

		partial->destination = destination;
		partial->offset = (size_t)(address - page_of(address));
		partial->length = length;
		buffer = partial->bytes;
	}
	target->requests[target->wanted++] =
		(struct dill_page_request){.address = page_of(address), .buffer = buffer};
}

static struct dill_error *fetch_uncached(struct target *target, struct uncached_read *read,
					 uint64_t address)
{
	size_t count = target->wanted;

	TRY(target_read_batch(target, read->space));
	for (size_t i = 0; i < count; i++) {
		uint64_t page = target->requests[i].address;

		if (!target->requests[i].done)
			return target_fault(read->space, page < address ? address : page);
	}
	for (size_t i = 0; i < read->partial_count; i++) {
		struct partial_page *partial = &read->partial[i];

		memcpy(partial->destination, partial->bytes + partial->offset, partial->length);
	}
	read->partial_count = 0;
	return NULL;
}

/* One batch of target_read_uncached(): pages the cache knows are taken from it. */
static struct dill_error *read_uncached_batch(struct target *target, struct uncached_read *read,
					      uint64_t address, uint8_t *buffer, size_t length)
{
	uint64_t start = address;

	while (length) {
		size_t part = part_of_page(address, length);
		const uint8_t *mapped = target_in_place(target, read->space, address, part);
		const struct cached_page *cached =
			page_cache_find(target->cache, read->space, page_of(address));

		if (mapped) {
			memcpy(buffer, mapped, part);
		} else if (!cached) {
			want_uncached(target, read, address, buffer, part);
		} else if (cached->state == PAGE_READABLE) {
			memcpy(buffer, cached->data + (address - page_of(address)), part);
		} else {
			/* An unreadable page before this one is the first one: look there too. */
			TRY(fetch_uncached(target, read, start));
			return target_fault(read->space, address);
		}
		buffer += part;
		address += part;
		length -= part;
	}
	return fetch_uncached(target, read, start);
}

struct dill_error *target_read_uncached(struct target *target, enum dill_space space,
					uint64_t address, void *buffer, size_t length)
{
	struct uncached_read read = {.space = space};
	uint8_t *out = buffer;

	TRY(target_check_range(space, address, length));
	if (target_is_slow(target)) /* whoever asks again should not pay again */
		return target_read_pieces(target, space, address, buffer, length);
	while (length) {
		size_t part = part_of_batch(address, length);

		TRY(read_uncached_batch(target, &read, address, out, part));
		out += part;
		address += part;
		length -= part;
	}
	return NULL;
}
