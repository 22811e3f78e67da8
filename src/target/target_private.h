/* SPDX-License-Identifier: MIT */
#ifndef TARGET_TARGET_PRIVATE_H
#define TARGET_TARGET_PRIVATE_H

/** What the files of memory.h have in common. */

#include "target/page_cache.h"
#include "target/target.h"

/** Pages per call of a backend: 4 MiB, long enough to pipeline, short enough to interrupt. */
#define BATCH_PAGES 1024u

struct target {
	const struct dill_target_ops *ops;
	void *context;
	struct dill_host host;
	struct page_cache *cache;
	bool begun;
	bool lacks_told; /* since begin() */
	uint64_t generation, epoch;
	/* Pages of the batch that is being put together; `cached` only for those that stay. */
	struct dill_page_request requests[BATCH_PAGES];
	struct cached_page *cached[BATCH_PAGES];
	size_t wanted;
};

/** FAULT about an address. */
DILL_MUST_CHECK struct dill_error *target_fault(enum dill_space space, uint64_t address);

/** FAULT when a range does not end before the address space does. */
DILL_MUST_CHECK struct dill_error *target_check_range(enum dill_space space, uint64_t address,
						      size_t length);

/** The bytes at @p address where the target has them, or NULL. */
const uint8_t *target_in_place(const struct target *target, enum dill_space space, uint64_t address,
			       size_t length);

/** Bytes of a piece where target_is_slow(), else 0. */
unsigned target_piece_size(const struct target *target);

/** target_read() where target_is_slow(): brings the pieces that are not cached yet. */
DILL_MUST_CHECK struct dill_error *target_read_pieces(struct target *target, enum dill_space space,
						      uint64_t address, void *buffer,
						      size_t length);

/** Ask the backend for the pages of the batch, none of which may be asked twice. */
DILL_MUST_CHECK struct dill_error *target_read_batch(struct target *target, enum dill_space space);

static inline uint64_t page_of(uint64_t address)
{
	return address & ~(uint64_t)(DILL_PAGE_SIZE - 1);
}

/** Bytes from @p address to the end of its page, at most @p length. */
static inline size_t part_of_page(uint64_t address, size_t length)
{
	size_t rest = DILL_PAGE_SIZE - (size_t)(address - page_of(address));

	return length < rest ? length : rest;
}

/** The longest start of a range that one batch can hold. */
static inline size_t part_of_batch(uint64_t address, size_t length)
{
	size_t most = (size_t)BATCH_PAGES * DILL_PAGE_SIZE - (size_t)(address - page_of(address));

	return length < most ? length : most;
}

#endif
