/* SPDX-License-Identifier: MIT */
#ifndef SLUB_SLAB_MEMORY_H
#define SLUB_SLAB_MEMORY_H

#include "slub/cache_map.h"

/**
 * The memory of a cache's slabs, for who looks at all of it from the first slab to the last: the
 * next ones are fetched together, as a request for each would take most of the time.
 */
struct slab_memory {
	struct heap *heap;
	const struct cache_map *map;
	uint8_t *buffer; /**< the caller's: slab_memory_size() bytes for the map's cache */
	size_t fetched;	 /**< slabs before this one were fetched; 0 at first */
};

/** Bytes that the largest slab of a usable cache has. */
static inline size_t slab_memory_size(const struct cache *cache)
{
	return (size_t)cache_order_bytes(cache, cache->order);
}

/**
 * The first @p size bytes of slab number @p index of the map, at most slab_memory_size().
 * @param ret  valid until the next call; in the buffer, or where the target has them
 * @return NULL; FAULT when not all of it can be read; fatal errors
 */
DILL_MUST_CHECK struct dill_error *slab_memory_read(struct slab_memory *memory, size_t index,
						    size_t size, struct span *ret);

#endif
