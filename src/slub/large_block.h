/* SPDX-License-Identifier: MIT */
#ifndef SLUB_LARGE_BLOCK_H
#define SLUB_LARGE_BLOCK_H

#include "slub/heap.h"

/** Under which name commands show large blocks beside caches. */
#define LARGE_BLOCK_NAME "large_kmalloc"

/** kmalloc() takes from the page allocator what is larger than two pages (KMALLOC_SHIFT_HIGH,
 * include/linux/slab.h). */
#define LARGE_BLOCK_ORDER_MIN 2u

/**
 * A block that kmalloc() took from the page allocator, as it is larger than the objects of the
 * largest kmalloc cache. The kernel counts it as slab memory, but it is in no slab.
 *
 * Source: mm/slub.c ___kmalloc_large_node() (mm/slab_common.c kmalloc_order() to 6.0)
 */
struct large_block {
	dill_virt page; /**< its first struct page */
	dill_virt base; /**< its memory in the direct map */
	unsigned order; /**< 2^order pages */
	uint32_t page_size;
	unsigned node;
	/** the page's type says so (PGTY_large_kmalloc, since 6.15); else it looks like one, and so
	 * do the compound pages of some drivers */
	bool marked;
};

/** Bytes of its memory. */
static inline uint64_t large_block_bytes(const struct large_block *block)
{
	return (uint64_t)block->page_size << block->order;
}

/** False on kernels without types: none is found there, whether there are any or not. */
bool large_blocks_are_known(const struct heap *heap);

/** True when the struct page in @p bytes is the first one of such a block, as far as it shows;
 * false for all where the kernel's types do not tell enough. */
bool large_block_begins(const struct heap *heap, struct span bytes);

/**
 * The block whose first struct page is at @p page, which large_block_begins().
 * @param bytes    struct pages from @p page on, as many as are at hand
 * @param ret_has  false when its size is impossible for kmalloc()
 * @return NULL; FAULT when the next struct page cannot be read; fatal errors
 */
DILL_MUST_CHECK struct dill_error *large_block_parse(struct heap *heap, dill_virt page,
						     struct span bytes, struct large_block *ret,
						     bool *ret_has);

/**
 * Order of a compound page, which stands in its second struct page.
 * @param page     its first struct page
 * @param bytes    struct pages from @p page on, as many as are at hand, one at least
 * @param ret_has  false when it is no compound page, or its order is impossible
 * @return NULL; FAULT when the second struct page cannot be read; fatal errors
 */
DILL_MUST_CHECK struct dill_error *compound_order(struct heap *heap, dill_virt page,
						  struct span bytes, unsigned *ret, bool *ret_has);

#endif
