/* SPDX-License-Identifier: MIT */
#ifndef SLUB_PAGE_WALK_H
#define SLUB_PAGE_WALK_H

#include "slub/heap.h"

/** Gets struct pages that follow each other; @p address is the first one's. Its error ends the
 * walk. */
typedef struct dill_error *(*page_visitor)(void *context, dill_virt address, const uint8_t *bytes,
					   size_t size);

/** How far a walk over the struct pages came. */
struct page_walk {
	uint64_t seen;	     /**< struct pages that were visited */
	uint64_t unreadable; /**< struct pages of existing memory that could not be read */
	bool cut;	     /**< the page tables map so many that the walk was given up */
};

/**
 * Visit the struct page of every page of existing memory, in large runs past the page cache.
 *
 * However the page tables are forged, no page of memory is read for it twice, so that the work is
 * bounded by the memory that exists; where they map one page at several addresses (the kernel does
 * so for the tails of huge pages) it is visited at the first.
 *
 * @return NULL; UNSUPPORTED when the size of struct page is not known; fatal errors
 */
DILL_MUST_CHECK struct dill_error *pages_walk(struct heap *heap, page_visitor visit, void *context,
					      struct page_walk *ret);

#endif
