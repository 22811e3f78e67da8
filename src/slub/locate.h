/* SPDX-License-Identifier: MIT */
#ifndef SLUB_LOCATE_H
#define SLUB_LOCATE_H

#include "slub/slab.h"

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

#endif
