/* SPDX-License-Identifier: MIT */
#include "slub/slab_memory.h"

/* So many are fetched at a time: enough to keep a connection and some processors busy, and few
 * enough to be in the page cache still when they are read. */
#define BATCH_PAGES 512u

/* Fetch slabs from @first on, as many as fit in a batch; one that does not fit is no worse off. */
static struct dill_error *fetch(struct slab_memory *memory, size_t first)
{
	const struct cache_map *map = memory->map;
	dill_virt pages[BATCH_PAGES];
	size_t used = 0, next = first;

	for (; next < map->count; next++) {
		const struct slab *slab = &map->slabs[next].slab;
		uint64_t count = slab_bytes(map->cache, slab) / DILL_PAGE_SIZE;

		if (count > BATCH_PAGES - used)
			break;
		for (uint64_t i = 0; i < count; i++)
			pages[used++] = slab->base + i * DILL_PAGE_SIZE;
	}
	memory->fetched = next > first ? next : first + 1;
	return kernel_prefetch(memory->heap->kernel, pages, used);
}

struct dill_error *slab_memory_read(struct slab_memory *memory, size_t index, uint8_t *buffer,
				    size_t size)
{
	if (index >= memory->fetched && !heap_is_mapped(memory->heap))
		TRY(fetch(memory, index));
	return kernel_read_uncached(memory->heap->kernel, memory->map->slabs[index].slab.base,
				    buffer, size);
}
