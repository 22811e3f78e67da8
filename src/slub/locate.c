/* SPDX-License-Identifier: MIT */
#include "slub/locate.h"

#include "slub/gone_cache.h"

/* Which slot of the slab an address is in: its object, padding and red zones included. */
static void find_slot(dill_virt address, struct located *located)
{
	const struct cache *cache = located->cache;
	uint64_t distance = address - located->slab.base;

	if (distance / cache->size >= located->slab.objects)
		return;
	located->in_slot = true;
	located->index = (uint32_t)(distance / cache->size);
	located->object = cache_object(cache, located->slab.base, located->index);
	located->offset = (int64_t)(address - located->object);
}

struct dill_error *heap_locate(struct heap *heap, struct cache_list *caches, dill_virt address,
			       struct findings *findings, struct located *ret)
{
	struct reading reading = reading_start(heap, CONTENTS_COUNTS, NULL, findings);
	struct cache *gone;
	dill_virt head;
	bool marked;

	*ret = (struct located){.kfence = heap_is_kfence(heap, address)};
	if (ret->kfence)
		return NULL;
	TRY(slab_head(heap, address, &head));
	if (!head)
		return NULL;
	TRY(slab_peek(heap, head, &ret->slab, &marked, &ret->cache_address));
	if (!marked)
		return NULL;
	ret->in_slab = true;
	ret->cache = cache_at(caches, ret->cache_address);
	if (!ret->cache) {
		TRY(gone_cache_find(heap, caches, ret->cache_address, &gone));
		ret->cache = gone;
	}
	if (!ret->cache)
		return NULL;
	reading = reading_of(&reading, ret->cache);
	TRY(slab_read(&reading, head, NULL, &ret->slab));
	if (ret->slab.usable)
		find_slot(address, ret);
	return NULL;
}
