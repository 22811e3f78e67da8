/* SPDX-License-Identifier: MIT */
#include "slub/slab_memory.h"

/* So many are fetched at a time: enough to keep a connection and some processors busy, and few
 * enough to be in the page cache still when they are read. */
#define BATCH_PAGES 512u

/* Fetch slabs from @first on, as many as fit in a batch, at least one. */
static struct dill_error *fetch(struct slab_memory *memory, size_t first)
{
	const struct cache_map *map = memory->map;
	const struct slab *slabs[BATCH_PAGES];
	size_t count = 0, pages = 0;

	for (; count < BATCH_PAGES && first + count < map->count; count++) {
		const struct slab *slab = &map->slabs[first + count].slab;

		pages += slab_bytes(map->cache, slab) / DILL_PAGE_SIZE;
		if (count && pages > BATCH_PAGES)
			break;
		slabs[count] = slab;
	}
	memory->fetched = first + count;
	return slabs_prefetch(memory->heap, map->cache, slabs, count);
}

struct dill_error *slab_memory_read(struct slab_memory *memory, size_t index, size_t size,
				    struct span *ret)
{
	struct kernel *kernel = memory->heap->kernel;
	dill_virt base = memory->map->slabs[index].slab.base;
	const uint8_t *mapped = kernel_map(kernel, base, size);

	*ret = (struct span){mapped ? mapped : memory->buffer, size};
	if (mapped)
		return NULL;
	if (index >= memory->fetched)
		TRY(fetch(memory, index));
	return kernel_read_uncached(kernel, base, memory->buffer, size);
}
