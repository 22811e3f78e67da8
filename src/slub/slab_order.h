/* SPDX-License-Identifier: MIT */
#ifndef SLUB_SLAB_ORDER_H
#define SLUB_SLAB_ORDER_H

#include "slub/cache_map.h"

/** Which slabs of a map are wanted; those on no CPU or node in particular: -1. */
struct slab_filter {
	int cpu;	   /**< slabs of this CPU, and those with an object on one of its lists */
	int node;	   /**< slabs whose memory is on this node */
	bool only_partial; /**< slabs with at least one object that is not live */
};

/**
 * The slabs of a map, newest first as far as the kernel knows.
 *
 * A slab has no time of birth. What the kernel does keep is an order of use, so this comes first:
 * the CPUs' own slabs (a new slab becomes one of these, to 6.19), the CPUs' partial slabs and the
 * nodes' partial and full slabs, each in the order of its list. All that are on no list, which full
 * slabs usually are, follow by descending address; dying ones come last.
 *
 * @param contents  what @p map was made from
 * @param ret       pointers into @p map, each slab at most once; lives in @p arena
 * @return NULL; NO_MEMORY
 */
DILL_MUST_CHECK struct dill_error *slabs_in_order(
	const struct cache_map *map, const struct contents *contents, const struct waiting *waiting,
	const struct slab_filter *filter, struct arena *arena,
	const struct mapped_slab *const **ret, size_t *ret_count);

#endif
