/* SPDX-License-Identifier: MIT */
/* Reads from targets where every byte costs: of a page, only the pieces that are asked for. */
#include <assert.h>
#include <string.h>

#include "target/target_private.h"

/* What one bit of cached_page.known stands for. */
#define LINE 64u

_Static_assert(DILL_PAGE_SIZE / LINE == 64, "a word has a bit for each line of a page");

unsigned target_piece_size(const struct target *target)
{
	unsigned size = target->ops->piece_size ? target->ops->piece_size(target->context) : 0;

	assert(!size || (size >= LINE && size < DILL_PAGE_SIZE && !(size & (size - 1))));
	return size;
}

bool target_is_slow(const struct target *target)
{
	assert(target->begun);
	return target_piece_size(target);
}

/* Bits of the lines of a piece. */
static uint64_t lines_of(size_t offset, unsigned size)
{
	return ((UINT64_C(1) << size / LINE) - 1) << offset / LINE;
}

/* The page's place in the cache, whatever is known of it. */
static struct dill_error *find_place(struct target *target, enum dill_space space, uint64_t page,
				     struct cached_page **ret)
{
	*ret = page_cache_find(target->cache, space, page);
	return *ret ? NULL : page_cache_add(target->cache, space, page, ret);
}

/* Have what [@offset, @offset + @length) of a page touches. Memory is mapped in pages: when one
 * piece cannot be read, none can. */
static struct dill_error *fetch(struct target *target, enum dill_space space, uint64_t page,
				size_t offset, size_t length, struct cached_page *cached)
{
	struct dill_page_request requests[DILL_PAGE_SIZE / LINE];
	unsigned size = target_piece_size(target);
	size_t count = 0;

	for (size_t at = offset & ~(size_t)(size - 1); at < offset + length; at += size)
		if (~cached->known & lines_of(at, size))
			requests[count++] = (struct dill_page_request){.address = page + at,
								       .buffer = cached->data + at};
	if (!count)
		return NULL;
	TRY(target_check_interrupt(target));
	TRY(target->ops->read_pieces(target->context, space, requests, count));
	for (size_t i = 0; i < count; i++) {
		if (!requests[i].done) {
			cached->state = PAGE_UNREADABLE;
			return NULL;
		}
		cached->known |= lines_of((size_t)(requests[i].address - page), size);
	}
	return NULL;
}

struct dill_error *target_read_pieces(struct target *target, enum dill_space space,
				      uint64_t address, void *buffer, size_t length)
{
	uint8_t *out = buffer;

	while (length) {
		uint64_t page = page_of(address);
		size_t part = part_of_page(address, length), offset = (size_t)(address - page);
		struct cached_page *cached;

		TRY(find_place(target, space, page, &cached));
		if (cached->state == PAGE_WANTED)
			TRY(fetch(target, space, page, offset, part, cached));
		if (cached->state == PAGE_UNREADABLE)
			return target_fault(space, address);
		memcpy(out, cached->data + offset, part);
		out += part;
		address += part;
		length -= part;
	}
	return NULL;
}
