/* SPDX-License-Identifier: MIT */
#ifndef SLUB_WAITING_H
#define SLUB_WAITING_H

#include "slub/waiting_data.h"

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

/** waiting_read() with another bound than WAITING_MAX. */
DILL_MUST_CHECK struct dill_error *waiting_read_some(struct heap *heap, struct cache_list *caches,
						     struct arena *arena, struct findings *findings,
						     size_t links_max, struct waiting *ret);

#endif
