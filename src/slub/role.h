/* SPDX-License-Identifier: MIT */
#ifndef SLUB_ROLE_H
#define SLUB_ROLE_H

#include "slub/survey.h"

/** What a piece of memory is to the allocator itself. */
struct role {
	const char *type;	   /**< "kmem_cache_cpu"; NULL = none of its structs */
	const char *what;	   /**< "main sheaf": which one of these; NULL = the only one */
	const struct cache *cache; /**< whose it is */
	dill_virt base;		   /**< where the struct begins */
	int cpu, node;		   /**< -1 = of none */
};

/**
 * Find out which of the allocator's own structs an address lies in: a cache, a CPU's or node's part
 * of it, a sheaf or a barn.
 *
 * @param caches  all
 * @param ret     borrows from @p caches
 * @return NULL; fatal errors. What cannot be read is nobody's.
 */
DILL_MUST_CHECK struct dill_error *role_find(struct heap *heap, struct cache_list *caches,
					     dill_virt address, struct role *ret);

#endif
