/* SPDX-License-Identifier: MIT */
#ifndef SLUB_LOCATE_H
#define SLUB_LOCATE_H

#include "slub/slab.h"

/** What an address is that claims to be an object of a cache. */
enum object_claim {
	CLAIM_TRUE,	   /**< it is */
	CLAIM_OUTSIDE,	   /**< not in the direct map of memory */
	CLAIM_NO_SLAB,	   /**< its page is no slab */
	CLAIM_OTHER_CACHE, /**< in a slab of another cache */
	CLAIM_MISALIGNED,  /**< in the right slab, but not the start of an object */
	CLAIM_UNREADABLE,  /**< its struct page could not be read */
};

/** As the end of a sentence: "is not in memory". */
const char *object_claim_text(enum object_claim claim);

/**
 * The cache that the slab around @p address names.
 * @param ret  0 when it lies in none
 * @return NULL; UNSUPPORTED, FAULT when its struct page cannot be read; fatal errors
 */
DILL_MUST_CHECK struct dill_error *slab_owner(struct heap *heap, dill_virt address, dill_virt *ret);

/** Check that an object starts at @p object and belongs to @p cache. NULL; fatal errors. */
DILL_MUST_CHECK struct dill_error *object_check(struct heap *heap, const struct cache *cache,
						dill_virt object, enum object_claim *ret);

/** The slab an address lies in, and where in it. */
struct located {
	bool kfence;		   /**< in KFENCE's pool, and so in no slab */
	bool in_slab;		   /**< the rest is set only then */
	const struct cache *cache; /**< NULL: the slab names what is no cache */
	dill_virt cache_address;
	struct slab slab;
	bool in_slot;	  /**< false behind the last object, or without a usable cache */
	uint32_t index;	  /**< of the object whose slot it is */
	dill_virt object; /**< as callers get it, behind the left red zone */
	int64_t offset;	  /**< from object; negative in the left red zone; up to `size` */
};

/**
 * Find the slab and object that @p address is in.
 * @param caches    where the slab's cache is looked up; one that has left the kernel's list is
 *                  added, gone_cache_find()
 * @param findings  for impossible counters
 * @return NULL; UNSUPPORTED when struct page is not known; FAULT when the struct page cannot be
 * read; fatal errors
 */
DILL_MUST_CHECK struct dill_error *heap_locate(struct heap *heap, struct cache_list *caches,
					       dill_virt address, struct findings *findings,
					       struct located *ret);

/** The cache at @p address; NULL when no such cache is in the list. */
const struct cache *cache_at(const struct cache_list *caches, dill_virt address);

#endif
