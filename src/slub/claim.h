/* SPDX-License-Identifier: MIT */
#ifndef SLUB_CLAIM_H
#define SLUB_CLAIM_H

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

#endif
