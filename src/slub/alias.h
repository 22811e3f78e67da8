/* SPDX-License-Identifier: MIT */
#ifndef SLUB_ALIAS_H
#define SLUB_ALIAS_H

#include "slub/cache.h"

/** What sysfs calls a cache: the name of its folder, and the links that lead there. */
struct cache_aliases {
	const struct cache *cache;
	const char *folder; /**< a made-up name (":0000064") for caches that may be merged, else
			       the cache's own; escaped */
	const char *const *names; /**< links other than the cache's own name, sorted; escaped */
	size_t count;
};

struct alias_list {
	struct cache_aliases *items; /**< one for each cache, in the order of the caches */
	size_t count;
};

/** Entries of /sys/kernel/slab that are looked at: some hundred on a real machine. */
#define ALIAS_ENTRIES_MAX ((size_t)1 << 16)

/**
 * Find out under which names merged caches are known: the kernel keeps these names nowhere but in
 * the links of /sys/kernel/slab, which are in its memory whether sysfs is mounted or not.
 *
 * @param caches  all
 * @param ret     lives in @p arena
 * @return NULL; UNSUPPORTED when this kernel has no such folder; fatal errors. What is broken
 * becomes a finding, and what cannot be reached then is missing.
 *
 * Source: mm/slub.c sysfs_slab_add(), sysfs_slab_alias(); fs/kernfs/dir.c kernfs_link_sibling()
 */
DILL_MUST_CHECK struct dill_error *aliases_read(struct heap *heap, const struct cache_list *caches,
						struct arena *arena, struct findings *findings,
						struct alias_list *ret);

/** Those of one cache; NULL when it is not in the list. */
const struct cache_aliases *aliases_of(const struct alias_list *list, const struct cache *cache);

#endif
