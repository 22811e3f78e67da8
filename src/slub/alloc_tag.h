/* SPDX-License-Identifier: MIT */
#ifndef SLUB_ALLOC_TAG_H
#define SLUB_ALLOC_TAG_H

#include "slub/slab.h"

/** Where an object was allocated, on kernels that profile allocations (MEM_ALLOC_PROFILING, 6.10).
 */
struct alloc_tag {
	bool known;
	const char *file, *function; /**< escaped */
	uint32_t line;
};

/**
 * Read the tag of an object.
 * @param index  of the object in @p slab
 * @param arena  holds the texts
 * @return NULL; fatal errors. A kernel without tags, an object without one, and one that cannot be
 * read are not known.
 *
 * Source: mm/slab.h slab_obj_ext(), include/linux/codetag.h, alloc_tag.h
 */
DILL_MUST_CHECK struct dill_error *alloc_tag_read(struct heap *heap, const struct cache *cache,
						  const struct slab *slab, uint32_t index,
						  struct arena *arena, struct alloc_tag *ret);

#endif
