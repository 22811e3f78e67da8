/* SPDX-License-Identifier: MIT */
#ifndef TRACE_OWNER_H
#define TRACE_OWNER_H

#include "slub/cache.h"
#include "trace/peek.h"

/** Whose an object is, by its struct page. */
struct owner {
	dill_virt cache;  /**< 0 = in no slab */
	dill_virt slab;	  /**< base of the slab */
	uint32_t objects; /**< of the slab */
};

/**
 * Read the struct page of an object.
 * @return NULL, also when the object is in no slab or no memory; fatal errors
 */
DILL_MUST_CHECK struct dill_error *owner_read(struct heap *heap, struct peek *peek,
					      dill_virt object, struct owner *ret);

#endif
