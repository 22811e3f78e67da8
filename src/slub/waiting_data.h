/* SPDX-License-Identifier: MIT */
#ifndef SLUB_WAITING_DATA_H
#define SLUB_WAITING_DATA_H

#include "slub/cache.h"

/**
 * Objects that were freed but cannot be had again yet, of all caches: in batches of kfree_rcu(), or
 * given to RCU one by one, in sheaves that wait for a grace period, on lists of frees that could
 * not take a lock.
 *
 * Everyone else calls them allocated. The sheaves that CPUs still fill with kfree_rcu() are not
 * here but in cpu_contents.sheaves.rcu_free.
 */
struct waiting_object {
	dill_virt object; /**< as callers got it */
	dill_virt cache;  /**< 0 for one of KFENCE, which no cache counts */
	int kind;	  /**< enum place_kind */
	int cpu;	  /**< whose list */
	uint32_t position;
	dill_virt container; /**< the sheaf or page of pointers; 0 when the object is its own list
			      */
};

struct waiting {
	const struct waiting_object *items;
	size_t count;
	bool incomplete; /**< a place could not be read whole: objects found nowhere may be there */
	const char *why; /**< what could not be read, for people; NULL when complete */
	size_t others;	 /**< found there, but in no slab: vmalloc, large kmalloc, KFENCE */
	const char *moving; /**< why lists may be half changed, as finding_place.moving; NULL at
			       rest */
};

#endif
