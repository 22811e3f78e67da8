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
