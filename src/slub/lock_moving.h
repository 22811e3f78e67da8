/* SPDX-License-Identifier: MIT */
#ifndef SLUB_LOCK_MOVING_H
#define SLUB_LOCK_MOVING_H

#include "slub/heap.h"
#include "slub/lock.h"

/**
 * Why what a lock guards may be half changed, for finding_place.moving. Where the lock does not
 * tell, the CPUs do: without SMP it is held with interrupts off, inside the allocator.
 * @param bytes  copy of the lock's structure
 * @param held   what to say when the lock is held: "the node's lists are locked"
 * @param ret    @p held or another text; NULL when the lock is free
 * @return NULL; fatal errors
 */
DILL_MUST_CHECK struct dill_error *lock_moving(struct heap *heap, const struct lock *lock,
					       struct span bytes, const char *held,
					       const char **ret);

/**
 * How it is told which locks are held, for people: "say themselves whether they are held". Where
 * one has no bytes, or is of a form that dill does not know, the CPUs tell instead.
 * @param ret  constant, or in @p arena
 * @return NULL; NO_MEMORY
 */
DILL_MUST_CHECK struct dill_error *locks_describe(const struct layout *layout, struct arena *arena,
						  const char **ret);

#endif
