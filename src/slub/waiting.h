/* SPDX-License-Identifier: MIT */
#ifndef SLUB_WAITING_H
#define SLUB_WAITING_H

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

/** Links that are followed on all lists of all CPUs together: a machine under attack has millions,
 * and a forged one may have one list on each of 8192 CPUs. */
#define WAITING_MAX ((size_t)1 << 22)

/**
 * Read all of them.
 * @param caches  all caches, to find out whose objects these are
 * @return NULL; fatal errors. A broken list is a finding, and makes the result incomplete.
 *
 * Source: mm/slab_common.c (kernel/rcu/tree.c to 6.13) struct kfree_rcu_cpu; mm/slub.c
 * kvfree_rcu_cb() (6.14), rcu_free_sheaf() (6.18), defer_free() (6.18), deferred_percpu_work (7.3)
 */
DILL_MUST_CHECK struct dill_error *waiting_read(struct heap *heap, struct cache_list *caches,
						struct arena *arena, struct findings *findings,
						struct waiting *ret);

#endif
