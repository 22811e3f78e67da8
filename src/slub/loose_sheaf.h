/* SPDX-License-Identifier: MIT */
#ifndef SLUB_LOOSE_SHEAF_H
#define SLUB_LOOSE_SHEAF_H

#include "slub/slab_scan.h"
#include "slub/waiting.h"

/**
 * Find the sheaves that no list leads to: someone holds a prefilled one (mm/slub.c
 * kmem_cache_prefill_sheaf()), or one is on its way from call_rcu() to a barn. What they hold would
 * look allocated.
 *
 * A sheaf is itself an object of a kmalloc cache. So the caches that known sheaves come from are
 * searched: a live object that names a cache in the right place, counts no more objects than this
 * cache's sheaves have room for, and holds nothing but objects of it, is a sheaf.
 *
 * @param scan     with the slabs of all caches
 * @param waiting  gets what was found: PLACE_LOOSE_SHEAF, or PLACE_CALL_RCU when its callback is
 * set
 * @return NULL; fatal errors
 */
DILL_MUST_CHECK struct dill_error *loose_sheaves_find(struct heap *heap, struct cache_list *all,
						      const struct slab_scan *scan,
						      struct arena *arena,
						      struct findings *findings,
						      struct waiting *waiting);

#endif
