/* SPDX-License-Identifier: MIT */
#include "base/plural.h"
#include "slub/check.h"

void standing_check(const struct heap *heap, const struct cache_map *map, struct findings *findings)
{
	static const char *const texts[] = {
		[CACHE_UNLISTED] = "is not reached from the list of caches",
		[CACHE_DESTROYED] = "was destroyed, and has left the list of caches",
		[CACHE_FREED] = "was destroyed, and its struct kmem_cache freed",
	};
	const struct cache *cache = map->cache;
	struct finding_place place = {.cache = cache->name, .cpu = -1, .node = -1};
	uint64_t used = map->counts[OBJECT_LIVE] + map->counts[OBJECT_UNKNOWN];
	uint64_t memory = 0;

	if (cache->standing == CACHE_LISTED || !used)
		return; /* without objects in use it is only on its way out */
	for (size_t i = 0; i < map->count; i++)
		memory += slab_bytes(cache, &map->slabs[i].slab);
	findings_add_values(findings, FINDING_CACHE_LEFT, &place,
			    cache->address + heap->layout.cache_list.offset, 0, used,
			    "cache %s; %lu object%s of %u bytes %s still in use, in %zu slab%s of "
			    "%lu bytes",
			    texts[cache->standing], (unsigned long)used, plural(used),
			    cache->object_size, used == 1 ? "is" : "are", map->count,
			    plural(map->count), (unsigned long)memory);
}

void lost_slabs_check(const struct heap *heap, const struct slab_scan *scan,
		      struct findings *findings)
{
	for (size_t i = 0; i < scan->lost_count; i++) {
		const struct lost_slabs *lost = &scan->lost[i];
		struct finding_place place = {
			.cpu = -1,
			.node = -1,
			.slab = lost->slab,
			.moving = lost->fresh ? "the slab is new" : NULL,
		};

		findings_add_seen(
			findings, FINDING_SLAB_CACHE, &place,
			lost->slab + heap->layout.slab_cache.offset, lost->cache,
			"%lu slab%s of %lu bytes %s as the cache what %s; by their counters %lu of "
			"%lu objects are in use, of at most %lu bytes each",
			(unsigned long)lost->slabs, plural(lost->slabs),
			(unsigned long)lost->memory, lost->slabs == 1 ? "names" : "name",
			lost->what, (unsigned long)lost->inuse, (unsigned long)lost->objects,
			(unsigned long)lost->size_max);
	}
}
