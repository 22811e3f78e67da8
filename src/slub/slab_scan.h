/* SPDX-License-Identifier: MIT */
#ifndef SLUB_SLAB_SCAN_H
#define SLUB_SLAB_SCAN_H

#include "slub/cache.h"
#include "slub/large_block.h"
#include "slub/slab.h"

/** A slab that was found by its struct page. */
struct scanned_slab {
	struct slab slab;
	const struct cache *cache;
};

/** Slabs that name something which is no cache, not even one that has left the list. */
struct lost_slabs {
	dill_virt cache;  /**< what they name */
	const char *what; /**< what that is: the end of a sentence */
	dill_virt slab;	  /**< the first of them */
	unsigned node;	  /**< of that one's memory */
	uint64_t slabs;
	uint64_t objects, inuse; /**< as their counters say */
	uint64_t memory;	 /**< bytes of their pages */
	uint64_t size_max;	 /**< an object takes up no more bytes; 0 = not known */
	bool fresh;		 /**< they may be on their way from the page allocator */
};

/**
 * All slabs of memory, found through the array of struct pages: the only way to those that are on
 * no list, above all the full ones.
 */
struct slab_scan {
	struct scanned_slab *items; /**< by address of the cache, then of the slab */
	size_t count;
	struct lost_slabs *lost; /**< by address of what they name */
	size_t lost_count;
	struct large_block *large; /**< blocks of large kmalloc(), by address */
	size_t large_count;
	uint64_t pages_seen; /**< struct pages that were looked at */
	uint64_t unreadable; /**< struct pages of existing memory that could not be read */
	bool complete;	     /**< every struct page of existing memory was seen */
};

/**
 * Look at every struct page once, in large runs past the page cache. KFENCE's pool is left out
 * (kfence_load()): what is in it belongs to no slab. Slabs with impossible counters are in the
 * result with `usable` false, without a finding.
 * @param caches  caches whose slabs are wanted
 * @param all     every cache of the kernel; those that have left its list are added when slabs name
 *                them, and are wanted when @p caches is @p all
 * @param ret     its items are the caller's: slab_scan_deinit()
 * @return NULL; UNSUPPORTED when struct page is not known; fatal errors
 */
DILL_MUST_CHECK struct dill_error *slabs_scan(struct heap *heap, const struct cache_list *caches,
					      struct cache_list *all, struct slab_scan *ret);
void slab_scan_deinit(struct slab_scan *scan);

static inline void slab_scan_deinitp(struct slab_scan *scan)
{
	slab_scan_deinit(scan);
}

/** The slabs of one cache, or of a copy of it: a run of scan->items. */
const struct scanned_slab *slab_scan_of(const struct slab_scan *scan, const struct cache *cache,
					size_t *ret_count);

#endif
