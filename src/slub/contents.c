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

static struct dill_error *walk_node_freelists(struct heap *heap, struct contents *contents,
					      struct arena *arena, struct findings *findings)
{
	for (size_t n = 0; n < contents->node_count; n++) {
		struct node_contents *node = &contents->nodes[n];
		struct finding_place place = {
			.cache = contents->cache->name,
			.cpu = -1,
			.node = (int)node->node,
			.moving = node->moving,
		};

		TRY(slab_list_walk(heap, contents->cache, &node->partial, &place, arena, findings));
		TRY(slab_list_walk(heap, contents->cache, &node->full, &place, arena, findings));
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

static struct dill_error *read_once(struct heap *heap, const struct cache *caches, size_t count,
				    enum contents_detail detail, struct arena *arena,
				    struct findings *findings, struct contents *ret)
{
	for (size_t i = 0; i < count; i++) {
		ret[i] = (struct contents){.cache = &caches[i]};
		TRY(list_cpus(heap, &ret[i], arena));
	}
	TRY(node_lists_read(heap, ret, count, detail, arena, findings));
	TRY(cpu_slabs_read(heap, ret, count, detail, arena, findings));
	TRY(sheaves_read(heap, ret, count, detail, arena, findings));
	for (size_t i = 0; i < count; i++) {
		if (detail == CONTENTS_FREELISTS)
			TRY(walk_node_freelists(heap, &ret[i], arena, findings));
		sum_up(heap, &ret[i]);
	}
	return NULL;
}

struct dill_error *contents_read(struct heap *heap, const struct cache *caches, size_t count,
				 enum contents_detail detail, struct arena *arena,
				 struct findings *findings, struct contents *ret)
{
	_cleanup_(again_end)
	struct again again = again_start(heap, findings);

	do
		TRY(read_once(heap, caches, count, detail, arena, findings, ret));
	while (again_needed(&again));
	for (size_t i = 0; i < count; i++)
		ret[i].sound = detail == CONTENTS_FREELISTS &&
			       !findings_since(findings, again.mark) && !ret[i].incomplete;
	return NULL;
}
