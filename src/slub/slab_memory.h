/* SPDX-License-Identifier: MIT */
#ifndef SLUB_SLAB_MEMORY_H
#define SLUB_SLAB_MEMORY_H

#include "slub/cache_map.h"

/**
 * The memory of a cache's slabs, for who reads all of it from the first slab to the last: the next
 * ones are fetched together, as a request for each would take most of the time.
 */
struct slab_memory {
	struct heap *heap;
	const struct cache_map *map;
	size_t fetched; /**< slabs before this one were fetched; 0 at first */
};

/**
 * Read @p size bytes from the start of slab number @p index of the map.
 * @return NULL; FAULT when not all of it can be read; fatal errors
 */
DILL_MUST_CHECK struct dill_error *slab_memory_read(struct slab_memory *memory, size_t index,
						    uint8_t *buffer, size_t size);

#endif
