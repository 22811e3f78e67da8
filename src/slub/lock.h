/* SPDX-License-Identifier: MIT */
#ifndef SLUB_LOCK_H
#define SLUB_LOCK_H

#include "base/span.h"
#include "types/members.h"
#include "types/type.h"

/**
 * The kernel's locks, as a stopped target shows them: what a lock guards may be half changed while
 * it is held. What a lock is made of depends on the configuration (SMP, PREEMPT_RT,
 * DEBUG_SPINLOCK), so its type is asked.
 */

/** How a lock says that it is held. */
enum lock_form {
	LOCK_ABSENT,  /**< this kernel has no such lock */
	LOCK_WORD,    /**< a word that is not 0 then */
	LOCK_OWNER,   /**< a pointer to its owner, whose lowest bit is none of it; NULL when free */
	LOCK_ZERO,    /**< a word that is 0 then */
	LOCK_EMPTY,   /**< it has no bytes: no SMP, so that who holds it has switched interrupts off
		       */
	LOCK_UNKNOWN, /**< it has bytes, but none that dill knows */
};

/** A lock in a structure. */
struct lock {
	struct member word; /**< what tells; absent where nothing does */
	enum lock_form form;
};

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

#endif
