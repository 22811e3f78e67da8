/* SPDX-License-Identifier: MIT */
#include "slub/contents.h"

#include "slub/again.h"
#include "slub/cpu_slabs.h"
#include "slub/node_lists.h"
#include "slub/sheaves.h"

static uint64_t free_of(const struct slab_list *list)
{
	uint64_t free = 0;

	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].slab.usable)
			free += list->items[i].slab.objects - list->items[i].slab.inuse;
	return free;
}

static void sum_node(const struct node_contents *node, struct contents *contents)
{
	uint64_t free = free_of(&node->partial);

	contents->slabs += node->nr_slabs;
	contents->objects += node->total_objects;
	contents->partial_slabs += node->partial.count;
	contents->free += free;
	for (size_t i = 0; i < node->barn.full.count; i++)
		contents->cached += node->barn.full.items[i].size;
	for (size_t i = 0; i < node->barn.empty.count; i++)
		contents->cached += node->barn.empty.items[i].size;
	contents->incomplete |= node->barn.broken || node->barn.full.broken ||
				node->barn.empty.broken || node->partial.broken;
	contents->in_motion |= node->moving || node->barn.moving;
}

static void sum_cpu(const struct cpu_contents *cpu, struct contents *contents)
{
	const struct cpu_sheaves *sheaves = &cpu->sheaves;

	contents->cpu_slabs += cpu->has_slab + cpu->partial.count;
	contents->cached += cpu->lockless.count + sheaves->main.size + sheaves->spare.size;
	contents->rcu_sheaves += sheaves->rcu_free.size - sheaves->rcu_free.kfence;
	contents->free += free_of(&cpu->partial);
	if (cpu->has_slab && cpu->slab.usable)
		contents->free += cpu->slab.objects - cpu->slab.inuse;
	contents->incomplete |= cpu->broken || cpu->partial.broken || sheaves->broken ||
				sheaves->main.broken || sheaves->spare.broken ||
				sheaves->rcu_free.broken;
	contents->in_motion |= sheaves->moving || cpu->moving;
}

static void sum_up(const struct heap *heap, struct contents *contents)
{
	contents->has_totals = contents->node_count && heap->layout.node_nr_slabs.present &&
			       heap->layout.node_total_objects.present;
	for (size_t n = 0; n < contents->node_count; n++)
		sum_node(&contents->nodes[n], contents);
	/* So far only those of the nodes' partial slabs, as /proc/slabinfo counts. */
	if (contents->objects > contents->free)
		contents->active = contents->objects - contents->free;
	for (size_t c = 0; c < contents->cpu_count; c++)
		sum_cpu(&contents->cpus[c], contents);
}

static struct dill_error *walk_node_freelists(const struct reading *reading,
					      struct contents *contents)
{
	for (size_t n = 0; n < contents->node_count; n++) {
		struct node_contents *node = &contents->nodes[n];
		const struct reading here =
			reading_of_node(reading, contents->cache, node->node, node->moving);

		TRY(slab_list_walk(&here, &node->partial));
		TRY(slab_list_walk(&here, &node->full));
	}
	return NULL;
}

/* Every possible CPU: one that is offline now may still hold slabs, and holds its sheaves. */
static struct dill_error *list_cpus(struct heap *heap, struct contents *contents,
				    struct arena *arena)
{
	unsigned limit = kernel_cpu_limit(heap->kernel);

	if (!contents->cache->cpu_slab && !contents->cache->cpu_sheaves)
		return NULL;
	contents->cpus = arena_alloc_array(arena, limit + 1, sizeof(*contents->cpus));
	if (!contents->cpus)
		return error_no_memory();
	for (unsigned cpu = 0; cpu < limit; cpu++)
		if (kernel_cpu_possible(heap->kernel, cpu))
			contents->cpus[contents->cpu_count++] = (struct cpu_contents){
				.cpu = cpu,
				.online = kernel_cpu_online(heap->kernel, cpu),
			};
	return NULL;
}

static struct dill_error *read_once(const struct reading *reading, const struct cache *caches,
				    size_t count, struct contents *ret)
{
	for (size_t i = 0; i < count; i++) {
		ret[i] = (struct contents){.cache = &caches[i]};
		TRY(list_cpus(reading->heap, &ret[i], reading->arena));
	}
	TRY(node_lists_read(reading, ret, count));
	TRY(cpu_slabs_read(reading, ret, count));
	TRY(sheaves_read(reading, ret, count));
	for (size_t i = 0; i < count; i++) {
		if (reading->detail == CONTENTS_FREELISTS)
			TRY(walk_node_freelists(reading, &ret[i]));
		sum_up(reading->heap, &ret[i]);
	}
	return NULL;
}

struct dill_error *contents_read(const struct reading *reading, const struct cache *caches,
				 size_t count, struct contents *ret)
{
	_cleanup_(again_end)
	struct again again = again_start(reading->heap, reading->findings);

	do
		TRY(read_once(reading, caches, count, ret));
	while (again_needed(&again));
	for (size_t i = 0; i < count; i++)
		ret[i].sound = reading->detail == CONTENTS_FREELISTS &&
			       !findings_since(reading->findings, again.mark) && !ret[i].incomplete;
	return NULL;
}
