/* SPDX-License-Identifier: MIT */
#include "slub/slab_order.h"

struct sorter {
	const struct cache_map *map;
	uint8_t *wanted; /* by index in map->slabs; cleared once the slab has its place */
	const struct mapped_slab **slabs;
	size_t count;
};

static bool has_free(const struct mapped_slab *slab)
{
	return slab->counts[OBJECT_CACHED] || slab->counts[OBJECT_FREE] ||
	       slab->counts[OBJECT_WAITING];
}

/* Want the slab of an object that is on a list of the CPU. */
struct cpu_filter {
	struct sorter *sorter;
	int cpu;
};

static struct dill_error *want_slab_of(void *context, dill_virt object, const struct place *place)
{
	const struct cpu_filter *filter = context;
	const struct cache_map *map = filter->sorter->map;
	const struct mapped_slab *slab;

	if (place->cpu != filter->cpu)
		return NULL;
	slab = cache_map_slab(map, object);
	if (slab)
		filter->sorter->wanted[slab - map->slabs] = 1;
	return NULL;
}

static struct dill_error *choose(struct sorter *sorter, const struct contents *contents,
				 const struct waiting *waiting, const struct slab_filter *filter)
{
	const struct cache_map *map = sorter->map;
	struct cpu_filter cpu = {sorter, filter->cpu};

	if (filter->cpu >= 0)
		TRY(places_visit(contents, waiting, want_slab_of, &cpu));
	for (size_t i = 0; i < map->count; i++) {
		const struct mapped_slab *slab = &map->slabs[i];
		bool wanted = filter->cpu < 0 || sorter->wanted[i] || slab->cpu == filter->cpu;

		if (filter->node >= 0 && slab->slab.node != (unsigned)filter->node)
			wanted = false;
		if (filter->only_partial && !has_free(slab))
			wanted = false;
		sorter->wanted[i] = wanted;
	}
	return NULL;
}

static void take(struct sorter *sorter, const struct mapped_slab *slab)
{
	size_t index = (size_t)(slab - sorter->map->slabs);

	if (!sorter->wanted[index])
		return;
	sorter->wanted[index] = 0; /* broken lists may name it again */
	sorter->slabs[sorter->count++] = slab;
}

/* Take a slab that a list names, as long as the map says that it is on this kind of list: of one on
 * two lists the last counts. */
static void take_listed(struct sorter *sorter, const struct slab *listed, enum slab_where where)
{
	const struct mapped_slab *slab = cache_map_slab(sorter->map, listed->base);

	if (listed->usable && slab && slab->where == where)
		take(sorter, slab);
}

static void take_list(struct sorter *sorter, const struct slab_list *list, enum slab_where where)
{
	for (size_t i = 0; i < list->count; i++)
		take_listed(sorter, &list->items[i].slab, where);
}

static void take_all(struct sorter *sorter, const struct contents *contents)
{
	const struct cache_map *map = sorter->map;

	for (size_t c = 0; c < contents->cpu_count; c++)
		if (contents->cpus[c].has_slab)
			take_listed(sorter, &contents->cpus[c].slab, SLAB_OF_CPU);
	for (size_t c = 0; c < contents->cpu_count; c++)
		take_list(sorter, &contents->cpus[c].partial, SLAB_CPU_PARTIAL);
	for (size_t n = 0; n < contents->node_count; n++)
		take_list(sorter, &contents->nodes[n].partial, SLAB_NODE_PARTIAL);
	for (size_t n = 0; n < contents->node_count; n++)
		take_list(sorter, &contents->nodes[n].full, SLAB_NODE_FULL);
	for (size_t i = map->count; i-- > 0;)
		if (map->slabs[i].where != SLAB_DYING)
			take(sorter, &map->slabs[i]);
	for (size_t i = map->count; i-- > 0;)
		take(sorter, &map->slabs[i]);
}

struct dill_error *slabs_in_order(const struct cache_map *map, const struct contents *contents,
				  const struct waiting *waiting, const struct slab_filter *filter,
				  struct arena *arena, const struct mapped_slab *const **ret,
				  size_t *ret_count)
{
	struct sorter sorter = {.map = map};

	sorter.wanted = arena_alloc(arena, map->count + 1);
	sorter.slabs = arena_alloc_array(arena, map->count + 1, sizeof(const struct mapped_slab *));
	if (!sorter.wanted || !sorter.slabs)
		return error_no_memory();
	TRY(choose(&sorter, contents, waiting, filter));
	take_all(&sorter, contents);
	*ret = sorter.slabs;
	*ret_count = sorter.count;
	return NULL;
}
