/* SPDX-License-Identifier: MIT */
#ifndef SLUB_LOCK_H
#define SLUB_LOCK_H

#include "slub/heap.h"
#include "types/type.h"

/**
 * The kernel's locks, as a stopped target shows them: what a lock guards may be half changed while
 * it is held. What a lock is made of depends on the configuration (SMP, PREEMPT_RT,
 * DEBUG_SPINLOCK), so its type is asked.
 */

/**
 * How the lock at @p path of the struct @p id says that it is held.
 * @param path  "list_lock"; "" when the struct itself is the lock
 * @param ret   LOCK_ABSENT when there is none; LOCK_UNKNOWN when dill knows none of its members
 *
 * Source: include/linux/spinlock_types.h, spinlock_types_raw.h, rtmutex.h, local_lock_internal.h;
 * arch_spinlock_t of include/asm-generic/qspinlock_types.h and include/linux/spinlock_types_up.h
 */
void lock_resolve(struct types *types, type_id id, const char *path, struct lock *ret);

/** True when the lock has a word that tells. */
bool lock_tells(const struct lock *lock);

/** Whether it is held, in a copy of its structure; false when it does not tell. */
bool lock_is_held(const struct lock *lock, struct span bytes);

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
