/* SPDX-License-Identifier: MIT */
#include "slub/contents.h"

struct dill_error *slab_list_walk(struct heap *heap, const struct cache *cache,
				  struct slab_list *list, const struct finding_place *place,
				  struct arena *arena, struct findings *findings)
{
	for (size_t i = 0; i < list->count; i++) {
		struct listed_slab *item = &list->items[i];
		struct finding_place here = *place;

		/* Slabs come in batches: fetch the next ones when the last batch is used up. */
		if (i % 256 == 0) {
			size_t batch = list->count - i < 256 ? list->count - i : 256;
			_cleanup_(freep)
			struct slab *slabs = calloc(batch, sizeof(*slabs));

			if (!slabs)
				return error_no_memory();
			for (size_t j = 0; j < batch; j++)
				slabs[j] = list->items[i + j].slab;
			TRY(slabs_prefetch(heap, cache, slabs, batch));
		}
		if (!item->slab.usable)
			continue;
		here.slab = item->slab.address;
		TRY(freelist_walk(heap, cache, &item->slab, item->slab.freelist, "slab freelist",
				  &here, arena, findings, &item->freelist));

		uint32_t expected = item->slab.objects - item->slab.inuse;

		if (!item->freelist.broken && item->freelist.count != expected)
			findings_add_values(
				findings, FINDING_FREELIST_COUNT, &here,
				item->slab.address + heap->layout.slab_inuse.offset, expected,
				item->freelist.count,
				"slab freelist holds %u objects, the slab's counters say %u",
				item->freelist.count, expected);
	}
	return NULL;
}

static void sum_up(const struct heap *heap, struct contents *contents)
{
	uint64_t free = 0;

	contents->has_totals =
		heap->layout.node_nr_slabs.present && heap->layout.node_total_objects.present;
	for (size_t n = 0; n < contents->node_count; n++) {
		const struct node_contents *node = &contents->nodes[n];

		contents->slabs += node->nr_slabs;
		contents->objects += node->total_objects;
		contents->partial_slabs += node->partial.count;
		for (size_t i = 0; i < node->partial.count; i++)
			if (node->partial.items[i].slab.usable)
				free += node->partial.items[i].slab.objects -
					node->partial.items[i].slab.inuse;
	}
	contents->active = contents->objects > free ? contents->objects - free : 0;
	for (size_t c = 0; c < contents->cpu_count; c++)
		contents->cpu_slabs += contents->cpus[c].has_slab + contents->cpus[c].partial.count;
}

static struct dill_error *walk_node_freelists(struct heap *heap, struct contents *contents,
					      const struct contents_filter *filter,
					      struct arena *arena, struct findings *findings)
{
	for (size_t n = 0; n < contents->node_count; n++) {
		struct node_contents *node = &contents->nodes[n];
		struct finding_place place = {
			.cache = contents->cache->name,
			.cpu = -1,
			.node = (int)node->node,
		};

		if (filter->node >= 0 && (unsigned)filter->node != node->node)
			continue;
		TRY(slab_list_walk(heap, contents->cache, &node->partial, &place, arena, findings));
		TRY(slab_list_walk(heap, contents->cache, &node->full, &place, arena, findings));
	}
	return NULL;
}

struct dill_error *contents_read(struct heap *heap, const struct cache *caches, size_t count,
				 enum contents_detail detail, const struct contents_filter *filter,
				 struct arena *arena, struct findings *findings,
				 struct contents *ret)
{
	for (size_t i = 0; i < count; i++)
		ret[i] = (struct contents){.cache = &caches[i]};
	TRY(node_lists_read(heap, ret, count, detail, arena, findings));
	TRY(cpu_slabs_read(heap, ret, count, detail, filter, arena, findings));
	for (size_t i = 0; i < count; i++) {
		if (detail == CONTENTS_FREELISTS)
			TRY(walk_node_freelists(heap, &ret[i], filter, arena, findings));
		sum_up(heap, &ret[i]);
	}
	return NULL;
}
