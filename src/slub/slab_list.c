/* SPDX-License-Identifier: MIT */
#include "slub/slab_list.h"

/* Bytes of slabs whose freelists are followed before what that costs of a mapped dump is given
 * back. */
#define TRIM_BYTES (UINT64_C(32) << 20)

/* Slabs that are fetched at a time. */
#define BATCH_SLABS 256u

static void warm_batch(struct heap *heap, const struct cache *cache, const struct slab_list *list,
		       size_t first)
{
	const struct slab *slabs[FREELISTS_WARM_MAX];
	size_t count = 0;

	for (size_t i = first; i < list->count && i < first + FREELISTS_WARM_MAX; i++)
		if (list->items[i].slab.usable)
			slabs[count++] = &list->items[i].slab;
	freelists_warm(heap, cache, slabs, count);
}

static struct dill_error *prefetch_batch(struct heap *heap, const struct cache *cache,
					 const struct slab_list *list, size_t first)
{
	const struct slab *slabs[BATCH_SLABS];
	size_t count = 0;

	for (; count < BATCH_SLABS && first + count < list->count; count++)
		slabs[count] = &list->items[first + count].slab;
	return slabs_prefetch(heap, cache, slabs, count);
}

struct dill_error *slab_list_walk(const struct reading *reading, struct slab_list *list)
{
	struct heap *heap = reading->heap;
	const struct cache *cache = reading->cache;
	uint64_t touched = 0;

	for (size_t i = 0; i < list->count; i++) {
		struct listed_slab *item = &list->items[i];
		const struct reading here = reading_of_slab(reading, item->slab.address);

		/* Slabs come in batches: fetch the next ones when the last batch is used up. */
		if (i % BATCH_SLABS == 0)
			TRY(prefetch_batch(heap, cache, list, i));
		if (i % FREELISTS_WARM_MAX == 0)
			warm_batch(heap, cache, list, i);
		if (!item->slab.usable)
			continue;
		touched += (uint64_t)item->slab.objects * cache->size;
		if (touched >= TRIM_BYTES) {
			target_trim(kernel_target(heap->kernel));
			touched = 0;
		}
		struct freelist_head head = slab_freelist_head(heap, &item->slab);

		TRY(freelist_walk(&here, &item->slab, &head, &item->freelist));
		freelist_check_count(&here, &item->slab, head.what, &item->freelist);
	}
	return NULL;
}
