/* SPDX-License-Identifier: MIT */
#include "slub/cache_map.h"

#include <string.h>

const char *slab_where_name(enum slab_where where)
{
	static const char *const names[] = {
		[SLAB_UNLISTED] = "unlisted",	    [SLAB_OF_CPU] = "cpu",
		[SLAB_CPU_PARTIAL] = "cpu_partial", [SLAB_NODE_PARTIAL] = "node_partial",
		[SLAB_NODE_FULL] = "node_full",	    [SLAB_DYING] = "dying",
	};

	return names[where];
}

/* Everything while the map is made. */
struct maker {
	struct heap *heap;
	struct findings *findings;
	struct arena *arena;
	struct cache_map *map;
};

struct mapped_slab *cache_map_slab(const struct cache_map *map, dill_virt address)
{
	size_t low = 0, high = map->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (map->slabs[middle].slab.base <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return NULL;

	struct mapped_slab *slab = &map->slabs[low - 1];

	return address - slab->slab.base < (uint64_t)slab->slab.objects * map->cache->size ? slab
											   : NULL;
}

enum object_state cache_map_state(const struct cache_map *map, const struct mapped_slab *slab,
				  uint32_t index)
{
	enum place_kind kind = slab->kinds[index];

	if (kind == PLACE_NONE && (map->incomplete || slab->broken))
		return OBJECT_UNKNOWN;
	return place_state(kind);
}

static struct finding_place at_slab(const struct maker *maker, const struct slab *slab)
{
	return (struct finding_place){
		.cache = maker->map->cache->name, .cpu = -1, .node = -1, .slab = slab->address};
}

/* --- slabs --- */

static struct dill_error *take_slabs(struct maker *maker, const struct slab_scan *scan)
{
	struct cache_map *map = maker->map;
	size_t count;
	const struct scanned_slab *items = slab_scan_of(scan, map->cache, &count);

	map->slabs = arena_alloc_array(maker->arena, count + 1, sizeof(*map->slabs));
	if (!map->slabs)
		return error_no_memory();
	for (size_t i = 0; i < count; i++) {
		struct mapped_slab *slab = &map->slabs[map->count];

		if (!items[i].slab.usable) {
			struct finding_place place = at_slab(maker, &items[i].slab);
			struct slab broken = items[i].slab;

			slab_check(maker->heap, map->cache, &place, maker->findings, &broken);
			continue;
		}
		*slab = (struct mapped_slab){.slab = items[i].slab, .cpu = -1};
		slab->kinds = arena_alloc(maker->arena, slab->slab.objects);
		if (!slab->kinds)
			return error_no_memory();
		map->count++;
	}
	return NULL;
}

/* Note whose a slab is. One that is on two lists is a finding. */
static void claim(struct maker *maker, const struct slab *claimed, enum slab_where where, int cpu,
		  bool broken)
{
	struct mapped_slab *slab = cache_map_slab(maker->map, claimed->base);

	if (!claimed->usable || !slab)
		return; /* reading the list has said what is wrong, or the scan has */
	if (slab->where != SLAB_UNLISTED) {
		struct finding_place place = at_slab(maker, claimed);

		findings_add(maker->findings, FINDING_SLAB_STATE, &place, claimed->address,
			     "slab is on two lists: %s and %s", slab_where_name(slab->where),
			     slab_where_name(where));
	}
	slab->where = where;
	slab->cpu = cpu;
	slab->broken |= broken;
}

static void claim_list(struct maker *maker, const struct slab_list *list, enum slab_where where,
		       int cpu)
{
	for (size_t i = 0; i < list->count; i++)
		claim(maker, &list->items[i].slab, where, cpu, list->items[i].freelist.broken);
}

static void claim_all(struct maker *maker, const struct contents *contents)
{
	for (size_t c = 0; c < contents->cpu_count; c++) {
		const struct cpu_contents *cpu = &contents->cpus[c];

		if (cpu->has_slab)
			claim(maker, &cpu->slab, SLAB_OF_CPU, (int)cpu->cpu,
			      cpu->lockless.broken || cpu->remote.broken);
		claim_list(maker, &cpu->partial, SLAB_CPU_PARTIAL, (int)cpu->cpu);
	}
	for (size_t n = 0; n < contents->node_count; n++) {
		claim_list(maker, &contents->nodes[n].partial, SLAB_NODE_PARTIAL, -1);
		claim_list(maker, &contents->nodes[n].full, SLAB_NODE_FULL, -1);
	}
}

/* --- objects --- */

/* Mark one object; the second place of one is a finding: it was freed twice, or lists cross. */
static struct dill_error *mark(void *context, dill_virt object, const struct place *place)
{
	struct maker *maker = context;
	struct mapped_slab *slab = cache_map_slab(maker->map, object);
	uint32_t index;

	if (!slab || !slab_object_index(maker->map->cache, &slab->slab, object, &index))
		return NULL; /* who read the list has said so */
	if (slab->kinds[index] != PLACE_NONE) {
		struct finding_place where = at_slab(maker, &slab->slab);

		where.cpu = place->cpu;
		where.node = place->node;
		findings_add_values(maker->findings, FINDING_OBJECT_TWICE, &where, object,
				    slab->kinds[index], place->kind,
				    "object 0x%lx is free in two places: %s and %s",
				    (unsigned long)object, place_kind_name(slab->kinds[index]),
				    place_kind_name(place->kind));
	}
	slab->kinds[index] = (uint8_t)place->kind;
	return NULL;
}

/* A slab on no list whose counters say that it has free objects: it is on its way between lists, or
 * out of memory. */
static struct dill_error *walk_unlisted(struct maker *maker, struct mapped_slab *slab)
{
	const struct cache *cache = maker->map->cache;
	struct finding_place where = at_slab(maker, &slab->slab);
	uint64_t by_rcu = layout_flag(&maker->heap->layout, "TYPESAFE_BY_RCU");
	struct place place = {.kind = PLACE_UNLISTED_SLAB, .cpu = -1, .node = -1};
	struct freelist freelist;

	if (slab->slab.inuse == 0 && cache->flags & by_rcu) {
		/* Its rcu_head lies over the list's links, and to 5.16 over the freelist. */
		slab->where = SLAB_DYING;
		memset(slab->kinds, PLACE_DYING_SLAB, slab->slab.objects);
		return NULL;
	}
	TRY(freelist_walk(maker->heap, cache, &slab->slab, slab->slab.freelist, "slab freelist",
			  &where, maker->arena, maker->findings, &freelist));
	slab->broken |= freelist.broken;
	place.container = slab->slab.address;
	for (; place.position < freelist.count; place.position++)
		TRY(mark(maker, freelist.objects[place.position], &place));
	return NULL;
}

static struct dill_error *walk_all_unlisted(struct maker *maker)
{
	struct cache_map *map = maker->map;

	for (size_t i = 0; i < map->count; i++) {
		struct mapped_slab *slab = &map->slabs[i];

		if (slab->where == SLAB_UNLISTED && slab->slab.inuse < slab->slab.objects)
			TRY(walk_unlisted(maker, slab));
	}
	return NULL;
}

static void count(struct cache_map *map)
{
	for (size_t i = 0; i < map->count; i++) {
		struct mapped_slab *slab = &map->slabs[i];

		for (uint32_t j = 0; j < slab->slab.objects; j++) {
			slab->counts[cache_map_state(map, slab, j)]++;
			map->kind_counts[slab->kinds[j]]++;
		}
		if (slab->where == SLAB_DYING)
			map->dying_slabs++;
		for (int state = 0; state < OBJECT_STATES && slab->where != SLAB_DYING; state++)
			map->counts[state] += slab->counts[state];
	}
}

/* What could hold an object of this cache and was not read. */
static void judge(struct maker *maker, const struct contents *contents,
		  const struct waiting *waiting, const struct slab_scan *scan)
{
	struct cache_map *map = maker->map;

	for (size_t c = 0; c < contents->cpu_count; c++) {
		const struct cpu_sheaves *sheaves = &contents->cpus[c].sheaves;

		if (contents->cpus[c].broken && !contents->cpus[c].has_slab)
			map->why = "a CPU's struct kmem_cache_cpu";
		if (sheaves->broken || sheaves->main.broken || sheaves->spare.broken ||
		    sheaves->rcu_free.broken)
			map->why = "a CPU's sheaves";
	}
	for (size_t n = 0; n < contents->node_count; n++) {
		const struct barn *barn = &contents->nodes[n].barn;
		bool broken = barn->broken || barn->full.broken || barn->empty.broken;

		for (size_t i = 0; i < barn->full.count; i++)
			broken |= barn->full.items[i].broken;
		if (broken)
			map->why = "a node's barn";
	}
	if (waiting->incomplete)
		map->why = waiting->why;
	if (!scan->complete && !map->why)
		map->why = "struct pages that could not be read";
	map->incomplete = map->why;
	map->in_motion = contents->in_motion;
}

/* Slabs by struct page against slabs by the kernel's counters. */
static void check_totals(struct maker *maker, const struct contents *contents,
			 const struct slab_scan *scan)
{
	struct finding_place place = {.cache = maker->map->cache->name, .cpu = -1, .node = -1};
	uint64_t seen = maker->map->count - maker->map->dying_slabs;

	if (!contents->has_totals || !scan->complete || contents->in_motion ||
	    seen == contents->slabs)
		return;
	findings_add_values(
		maker->findings, FINDING_SLAB_TOTAL, &place, maker->map->cache->address,
		contents->slabs, seen,
		"%lu pages are marked as slabs of this cache, its nodes count %lu slabs",
		(unsigned long)seen, (unsigned long)contents->slabs);
}

struct dill_error *cache_map_make(struct heap *heap, const struct contents *contents,
				  const struct waiting *waiting, const struct slab_scan *scan,
				  struct arena *arena, struct findings *findings,
				  struct cache_map *ret)
{
	struct maker maker = {.heap = heap, .findings = findings, .arena = arena, .map = ret};

	*ret = (struct cache_map){.cache = contents->cache};
	TRY(take_slabs(&maker, scan));
	claim_all(&maker, contents);
	TRY(places_visit(contents, waiting, mark, &maker));
	TRY(walk_all_unlisted(&maker));
	judge(&maker, contents, waiting, scan);
	count(ret);
	check_totals(&maker, contents, scan);
	return NULL;
}
