/* SPDX-License-Identifier: MIT */
#ifndef SLUB_KFENCE_H
#define SLUB_KFENCE_H

#include "slub/slab.h"
#include "slub/track.h"

/**
 * KFENCE's pool (mm/kfence/core.c, since 5.12): now and then an allocation is served from it
 * instead of from its cache. Each object has a page of its own with a guard page behind it. The
 * pages are marked as slabs, but belong to no list and to no counter of any cache.
 */

/**
 * Where the pool is.
 * @param present  false: this kernel has none, or it was never switched on
 * @return NULL; fatal errors
 */
DILL_MUST_CHECK struct dill_error *kfence_range(struct heap *heap, dill_virt *base, uint64_t *size,
						bool *present);

/** Find it, or find that there is none, for heap_is_kfence(). NULL; fatal errors. */
DILL_MUST_CHECK struct dill_error *kfence_load(struct heap *heap);

/** What KFENCE says of an object (include/linux/kfence.h enum kfence_object_state). */
enum kfence_state {
	KFENCE_UNUSED, /**< never allocated */
	KFENCE_ALLOCATED,
	KFENCE_RCU_FREEING, /**< freed; of a TYPESAFE_BY_RCU cache, in its grace period */
	KFENCE_FREED,	    /**< freed, its page is protected until it is allocated again */
	KFENCE_NOT_KNOWN,   /**< used, but no type says which of the states it is */
	KFENCE_BROKEN,	    /**< its metadata cannot be read, or makes no sense */
};

/** What a page of the pool holds. */
struct kfence_object {
	bool guard;	/**< the page is a guard page */
	bool has_index; /**< false for the two guard pages at the beginning */
	uint32_t index; /**< of the object whose page or guard page it is */
	dill_virt page; /**< of the object */
	enum kfence_state state;
	dill_virt object; /**< where in its page; 0 when it was never allocated */
	uint64_t size;	  /**< as requested */
	dill_virt cache;
	struct track alloc, free;
};

/**
 * Look at the page of the pool that @p address lies in.
 * @param base   start of the pool
 * @param arena  holds the stacks
 * @return NULL; fatal errors. Impossible metadata becomes a finding.
 */
DILL_MUST_CHECK struct dill_error *kfence_find(struct heap *heap, dill_virt base, dill_virt address,
					       struct arena *arena, struct findings *findings,
					       struct kfence_object *ret);

#endif
