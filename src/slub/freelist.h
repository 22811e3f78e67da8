/* SPDX-License-Identifier: MIT */
#ifndef SLUB_FREELIST_H
#define SLUB_FREELIST_H

#include "slub/slab.h"

/** Free objects in the order in which they will be handed out. */
struct freelist {
	const dill_virt *objects; /**< addresses as callers get them (behind the left red zone) */
	uint32_t count;
	bool broken; /**< has a finding: there may be more */
};

/** Most freelists that freelists_warm() takes at a time. */
#define FREELISTS_WARM_MAX 64u

/**
 * Bring the free pointers of slabs that will be walked next into the CPU's cache, where the target
 * has memory mapped; else nothing. Each pointer of a freelist waits for the one before, so that a
 * walk over large memory mostly waits; those of different slabs need not wait for each other.
 * @param slabs  at most FREELISTS_WARM_MAX, usable ones
 */
void freelists_warm(struct heap *heap, const struct cache *cache, const struct slab *const *slabs,
		    size_t count);

/** Where a freelist begins. */
struct freelist_head {
	dill_virt object; /**< the first one; 0 = empty list */
	dill_virt slot;	  /**< address of the word that says so */
	const char *what; /**< "slab freelist", for findings */
};

/** The freelist that is stored in a slab. */
static inline struct freelist_head slab_freelist_head(const struct heap *heap,
						      const struct slab *slab)
{
	return (struct freelist_head){
		slab->freelist, slab->address + heap->layout.slab_freelist.offset, "slab freelist"};
}

/**
 * Follow a freelist through one slab.
 *
 * @param head   where it begins
 * @return NULL; fatal errors. A list that leaves the slab, turns in a circle or cannot be read ends
 * there with a finding.
 */
DILL_MUST_CHECK struct dill_error *freelist_walk(const struct reading *reading,
						 const struct slab *slab,
						 const struct freelist_head *head,
						 struct freelist *ret);

/**
 * Compare the length of a slab's own freelist with the slab's counters: one that differs becomes a
 * finding, and the list is broken.
 * @param what  "slab freelist", for the finding
 */
void freelist_check_count(const struct reading *reading, const struct slab *slab, const char *what,
			  struct freelist *list);

#endif
