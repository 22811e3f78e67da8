/* SPDX-License-Identifier: MIT */
#ifndef SLUB_GONE_CACHE_H
#define SLUB_GONE_CACHE_H

#include "slub/cache.h"

/**
 * The cache that a slab names, also when it has left the kernel's list: kmem_cache_destroy() drops
 * a cache whose objects are still in use, and leaves its slabs and its struct kmem_cache (since
 * 6.12; before, it stays on the list). One that was not met before is added to @p caches, with what
 * became of it in `standing` and in front of its name.
 *
 * Believed is only an object of the cache of caches whose sizes fit together.
 *
 * @param address  what the slab names; anything
 * @param ret      NULL when there is no such cache
 * @return NULL; fatal errors
 *
 * Source: mm/slab_common.c kmem_cache_destroy(), mm/slub.c __kmem_cache_shutdown()
 */
DILL_MUST_CHECK struct dill_error *gone_cache_find(struct heap *heap, struct cache_list *caches,
						   dill_virt address, struct cache **ret);

/** What a word is that a slab has for its cache, where gone_cache_find() finds none: the end of a
 * sentence, "is a freed struct kmem_cache". NULL; fatal errors */
DILL_MUST_CHECK struct dill_error *gone_cache_text(struct heap *heap, struct cache_list *caches,
						   dill_virt address, const char **ret);

/**
 * Whether more caches exist than are on the list, by the number of objects that the cache of caches
 * counts as in use: a look at all struct pages is worth it then.
 * @param ret  true also when that is not known
 * @return NULL; fatal errors
 */
DILL_MUST_CHECK struct dill_error *gone_caches_exist(struct heap *heap, struct cache_list *caches,
						     bool *ret);

#endif
