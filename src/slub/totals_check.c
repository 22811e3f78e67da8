/* SPDX-License-Identifier: MIT */
#include "slub/cache_map.h"

/*
 * Slabs are counted (mm/slub.c inc_slabs_node(), dec_slabs_node()) with no lock held: a slab gets
 * its mark first and is counted at the end, and is no longer counted before it loses its mark.
 * So at any moment every counted slab is marked, but a few marked ones may not be counted: those
 * that are on no list and look new or empty, and since 7.0 also slabs that are on a list already.
 */

/* Slabs that may be on their way at one time, of those that look like any other. */
#define UNCOUNTED_MAX 8u

/* What was found: as few as are counted for certain, and as many as may be. */
struct bounds {
	uint64_t slabs_min, slabs_max;
	uint64_t objects_min, objects_max;
};

static bool may_be_uncounted(const struct mapped_slab *slab)
{
	return slab->where == SLAB_DYING ||
	       (slab->where == SLAB_UNLISTED && (slab->slab.inuse < slab->slab.objects ||
						 slab->slab.frozen || slab->slab.freelist));
}

static uint64_t unusable(const struct slab_list *list)
{
	uint64_t count = 0;

	for (size_t i = 0; i < list->count; i++)
		count += !list->items[i].slab.usable;
	return count;
}

/* Slabs that are not in the map for a reason that has its own finding. */
static uint64_t told_before(const struct contents *contents, const struct cache_map *map)
{
	uint64_t count = map->broken_slabs;

	for (size_t n = 0; n < contents->node_count; n++)
		count += unusable(&contents->nodes[n].partial) + unusable(&contents->nodes[n].full);
	for (size_t c = 0; c < contents->cpu_count; c++)
		count += unusable(&contents->cpus[c].partial) +
			 (contents->cpus[c].has_slab && !contents->cpus[c].slab.usable);
	return count;
}

static struct bounds sum(const struct contents *contents, const struct cache_map *map)
{
	struct bounds sum = {0};
	uint64_t more = told_before(contents, map);

	for (size_t i = 0; i < map->count; i++) {
		const struct slab *slab = &map->slabs[i].slab;

		sum.slabs_max++;
		sum.objects_max += slab->objects;
		if (may_be_uncounted(&map->slabs[i]))
			continue;
		sum.slabs_min++;
		sum.objects_min += slab->objects;
	}
	sum.slabs_max += more;
	sum.objects_max += more * map->cache->objects_per_slab;
	return sum;
}

/* Whether @p count slabs, each of one of the cache's two orders, can have @p objects. */
static bool can_have(const struct cache *cache, uint64_t count, uint64_t objects)
{
	if (!cache->min_objects_per_slab) /* not known */
		return objects >= count && objects <= count * cache->objects_per_slab;
	for (uint64_t large = 0; large <= count; large++)
		if (large * cache->objects_per_slab +
			    (count - large) * cache->min_objects_per_slab ==
		    objects)
			return true;
	return false;
}

/* Whether both counters lack the same few slabs; the number of slabs is counted first. */
static bool is_uncounted(const struct contents *contents, const struct bounds *found)
{
	uint64_t slabs =
		found->slabs_min > contents->slabs ? found->slabs_min - contents->slabs : 0;
	uint64_t objects =
		found->objects_min > contents->objects ? found->objects_min - contents->objects : 0;

	return slabs <= UNCOUNTED_MAX && (can_have(contents->cache, slabs, objects) ||
					  can_have(contents->cache, slabs + 1, objects));
}

/* Slabs of one node, and their objects. */
static void sum_node(const struct cache_map *map, unsigned node, uint64_t *ret_slabs,
		     uint64_t *ret_objects)
{
	*ret_slabs = *ret_objects = 0;
	for (size_t i = 0; i < map->count; i++) {
		if (map->slabs[i].slab.node != node || map->slabs[i].where == SLAB_DYING)
			continue;
		++*ret_slabs;
		*ret_objects += map->slabs[i].slab.objects;
	}
}

/* The counter that disagrees with what was found: of the first node that has such a one. */
static dill_virt counter_of(const struct heap *heap, const struct contents *contents,
			    const struct cache_map *map, bool of_objects, int *ret_node)
{
	const struct member counter =
		of_objects ? heap->layout.node_total_objects : heap->layout.node_nr_slabs;
	const struct node_contents *wrong = NULL;

	for (size_t n = 0; n < contents->node_count; n++) {
		const struct node_contents *node = &contents->nodes[n];
		uint64_t slabs, objects;

		if (!node->address)
			continue;
		sum_node(map, node->node, &slabs, &objects);
		if (!wrong)
			wrong = node;
		if (of_objects ? objects != node->total_objects : slabs != node->nr_slabs) {
			wrong = node;
			break;
		}
	}
	*ret_node = wrong ? (int)wrong->node : -1;
	return wrong ? wrong->address + counter.offset : map->cache->address;
}

void totals_check(const struct heap *heap, const struct contents *contents,
		  const struct cache_map *map, const struct slab_scan *scan,
		  struct findings *findings)
{
	struct finding_place place = {.cache = map->cache->name, .cpu = -1, .node = -1};
	struct bounds found = sum(contents, map);

	if (!contents->has_totals || !scan->complete)
		return;
	if (contents->slabs <= found.slabs_max && contents->objects <= found.objects_max &&
	    is_uncounted(contents, &found))
		place.moving = "slabs are counted one after the other";
	if (contents->slabs > found.slabs_max || contents->slabs < found.slabs_min) {
		dill_virt counter = counter_of(heap, contents, map, false, &place.node);

		findings_add_values(findings, FINDING_SLAB_TOTAL, &place, counter, contents->slabs,
				    found.slabs_max,
				    "pages marked as slabs of this cache: %lu, its nodes count %lu",
				    (unsigned long)found.slabs_max, (unsigned long)contents->slabs);
	} else if (contents->objects > found.objects_max || contents->objects < found.objects_min) {
		dill_virt counter = counter_of(heap, contents, map, true, &place.node);

		findings_add_values(findings, FINDING_SLAB_TOTAL, &place, counter,
				    contents->objects, found.objects_max,
				    "objects in the slabs of this cache: %lu, its nodes count %lu",
				    (unsigned long)found.objects_max,
				    (unsigned long)contents->objects);
	}
}
