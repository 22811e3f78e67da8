/* SPDX-License-Identifier: MIT */
#ifndef SLUB_SLAB_SCAN_H
#define SLUB_SLAB_SCAN_H

#include "slub/cache.h"
#include "slub/slab.h"

/** A slab that was found by its struct page. */
struct scanned_slab {
	struct slab slab;
	const struct cache *cache;
};

/**
 * All slabs of memory, found through the array of struct pages: the only way to those that are on
 * no list, above all the full ones.
 */
struct slab_scan {
	struct scanned_slab *items; /**< by address of the cache, then of the slab */
	size_t count;
	size_t orphans;	     /**< pages marked as slabs that name no known cache */
	uint64_t pages_seen; /**< struct pages that were looked at */
	uint64_t unreadable; /**< struct pages of existing memory that could not be read */
	bool complete;	     /**< every struct page of existing memory was seen */
};

/**
 * Look at every struct page once, in large runs past the page cache. KFENCE's pool is left out
 * (kfence_load()): what is in it belongs to no slab. Slabs with impossible counters are in the
 * result with `usable` false, without a finding.
 * @param caches  caches whose slabs are wanted; those of others are passed over in silence when
 *                @p all lists them, and are orphans otherwise
 * @param all     every cache of the kernel
 * @param ret     its items are the caller's: slab_scan_deinit()
 * @return NULL; UNSUPPORTED when struct page is not known; fatal errors
 */
DILL_MUST_CHECK struct dill_error *slabs_scan(struct heap *heap, const struct cache_list *caches,
					      const struct cache_list *all, struct slab_scan *ret);
void slab_scan_deinit(struct slab_scan *scan);

static inline void slab_scan_deinitp(struct slab_scan *scan)
{
	slab_scan_deinit(scan);
}

/** The slabs of one cache, or of a copy of it: a run of scan->items. */
const struct scanned_slab *slab_scan_of(const struct slab_scan *scan, const struct cache *cache,
					size_t *ret_count);

#endif
