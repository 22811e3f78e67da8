/* SPDX-License-Identifier: MIT */
#include "slub/cache_map.h"

#include <inttypes.h>
#include <string.h>

#include "base/plural.h"
#include "slub/cpu_slabs.h"

const char *slab_where_name(enum slab_where where)
{
	static const char *const names[] = {
		[SLAB_UNLISTED] = "unlisted",	    [SLAB_OF_CPU] = "cpu",
		[SLAB_CPU_PARTIAL] = "cpu_partial", [SLAB_NODE_PARTIAL] = "node_partial",
		[SLAB_NODE_FULL] = "node_full",	    [SLAB_DYING] = "dying",
	};

	return names[where];
}

/* Objects that were found a second time, one behind the other on one list. */
struct run {
	struct finding *finding; /* about the first of them */
	struct place place;	 /* of the last of them */
	uint32_t more;
};

/* A map while it is made. */
struct maker {
	struct reading reading; /* of the cache */
	struct cache_map *map;
	const char *moving[PLACE_KINDS]; /* why lists of a kind may be half changed */
	struct mapped_slab *last;	 /* that mark() has met: mostly it meets it again */
	struct run twice;
};

static bool slab_holds(const struct cache_map *map, const struct mapped_slab *slab,
		       dill_virt address)
{
	return address - slab->slab.base < (uint64_t)slab->slab.objects * map->cache->size;
}

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

	return slab_holds(map, slab, address) ? slab : NULL;
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
	return reading_of_slab(&maker->reading, slab->address).where;
}

/* --- slabs --- */

/*
 * Slabs do not overlap, so that all objects together are no more than fit into memory, however
 * many struct pages claim to be slabs.
 */
static bool begins_inside(const struct cache_map *map, const struct slab *slab)
{
	return map->count && cache_map_slab(map, slab->base) == &map->slabs[map->count - 1];
}

static struct dill_error *take_slabs(struct maker *maker, const struct slab_scan *scan)
{
	struct cache_map *map = maker->map;
	size_t count;
	const struct scanned_slab *items = slab_scan_of(scan, map->cache, &count);

	map->slabs = arena_alloc_array(maker->reading.arena, count + 1, sizeof(*map->slabs));
	if (!map->slabs)
		return error_no_memory();
	for (size_t i = 0; i < count; i++) {
		struct mapped_slab *slab = &map->slabs[map->count];

		if (!items[i].slab.usable) {
			struct reading here = maker->reading;
			struct slab broken = items[i].slab;

			map->broken_slabs++;
			/* Its cache may be written before its counters, which are 0 until then. */
			if (!broken.objects && !broken.inuse && !broken.frozen)
				here.where.moving = "the slab is new";
			slab_check(&here, &broken);
			continue;
		}
		if (begins_inside(map, &items[i].slab)) {
			struct finding_place place = at_slab(maker, &items[i].slab);

			map->broken_slabs++;
			findings_add(maker->reading.findings, FINDING_SLAB_STATE, &place,
				     items[i].slab.address, "slab begins inside slab 0x%" PRIx64,
				     slab[-1].slab.address);
			continue;
		}
		*slab = (struct mapped_slab){.slab = items[i].slab, .cpu = -1};
		slab->kinds = arena_alloc(maker->reading.arena, slab->slab.objects);
		if (!slab->kinds)
			return error_no_memory();
		map->count++;
	}
	return NULL;
}

/*
 * Why two lists may have the same slab: one of them moves. That a CPU's struct kmem_cache_cpu
 * moves shows only when the target is asked.
 */
static struct dill_error *find_motion(struct maker *maker, const struct mapped_slab *slab,
				      const char **moving)
{
	if (*moving || slab->cpu < 0)
		return NULL;
	TRY(cpu_slab_moves(maker->reading.heap, maker->map->cache, (unsigned)slab->cpu, moving));
	maker->map->in_motion |= *moving != NULL;
	return NULL;
}

/* Note whose a slab is. One that is on two lists is a finding; the first counts then. */
static struct dill_error *claim(struct maker *maker, const struct listed_slab *item,
				enum slab_where where, int cpu, const char *moving)
{
	const struct slab *claimed = &item->slab;
	struct mapped_slab *slab = cache_map_slab(maker->map, claimed->base);
	struct finding_place place = at_slab(maker, claimed);
	struct finding *finding;
	dill_virt wrong;

	if (!claimed->usable || !slab)
		return NULL; /* reading the list has said what is wrong, or the scan has */
	slab->broken |= item->freelist.broken;
	if (slab->where == SLAB_UNLISTED) {
		slab->where = where;
		slab->cpu = cpu;
		slab->slot = item->slot;
		return NULL;
	}
	slab->twice = true;
	place.moving = moving;
	TRY(find_motion(maker, slab, &place.moving));
	/* A node's list is sure of its slabs, as both neighbours name them; a CPU's is not. */
	wrong = item->slot ? item->slot : slab->slot;
	finding = findings_add(maker->reading.findings, FINDING_SLAB_STATE, &place,
			       wrong ? wrong : claimed->address, "slab is on two lists: %s and %s",
			       slab_where_name(slab->where), slab_where_name(where));
	if (wrong)
		finding_set_stored(finding, claimed->address);
	return NULL;
}

static struct dill_error *claim_list(struct maker *maker, const struct slab_list *list,
				     enum slab_where where, int cpu, const char *moving)
{
	for (size_t i = 0; i < list->count; i++)
		TRY(claim(maker, &list->items[i], where, cpu, moving));
	return NULL;
}

static struct dill_error *claim_all(struct maker *maker, const struct contents *contents)
{
	for (size_t c = 0; c < contents->cpu_count; c++) {
		const struct cpu_contents *cpu = &contents->cpus[c];
		struct listed_slab own = {
			.slab = cpu->slab,
			.slot = cpu->address + maker->reading.heap->layout.cpu_slab.offset,
		};

		own.freelist.broken = cpu->lockless.broken || cpu->remote.broken;
		if (cpu->has_slab)
			TRY(claim(maker, &own, SLAB_OF_CPU, (int)cpu->cpu, cpu->moving));
		TRY(claim_list(maker, &cpu->partial, SLAB_CPU_PARTIAL, (int)cpu->cpu, cpu->moving));
	}
	for (size_t n = 0; n < contents->node_count; n++) {
		const struct node_contents *node = &contents->nodes[n];

		TRY(claim_list(maker, &node->partial, SLAB_NODE_PARTIAL, -1, node->moving));
		TRY(claim_list(maker, &node->full, SLAB_NODE_FULL, -1, node->moving));
	}
	return NULL;
}

/* --- objects --- */

/* Close the finding about a run of objects. */
static void end_run(struct maker *maker)
{
	struct run *run = &maker->twice;
	const char *text = NULL;

	if (run->finding && run->more)
		text = arena_format(maker->reading.findings->arena, "%s, and %u more behind it",
				    run->finding->text, run->more);
	if (text)
		run->finding->text = text;
	*run = (struct run){0};
}

/* True when the object is the next one of a run that has its finding. */
static bool goes_on(struct maker *maker, const struct place *place)
{
	struct run *run = &maker->twice;

	if (!run->finding || run->place.kind != place->kind ||
	    run->place.container != place->container || run->place.position + 1 != place->position)
		return false;
	run->place = *place;
	run->more++;
	return true;
}

/* An object that is free in two places was freed twice, or lists cross: what follows it on the
 * second list is then the same as on the first. */
static struct dill_error *report_twice(struct maker *maker, const struct mapped_slab *slab,
				       dill_virt object, uint8_t before, const struct place *place)
{
	struct finding_place where = at_slab(maker, &slab->slab);

	if (goes_on(maker, place))
		return NULL;
	end_run(maker);
	where.cpu = place->cpu;
	where.node = place->node;
	where.moving = place->moving ? place->moving : maker->moving[before];
	TRY(find_motion(maker, slab, &where.moving));

	struct finding *finding =
		findings_add(maker->reading.findings, FINDING_OBJECT_TWICE, &where, object,
			     "object 0x%" PRIx64 " is free in two places: %s and %s", object,
			     place_kind_name(before), place_kind_name(place->kind));

	if (finding)
		finding->object = object;
	maker->twice = (struct run){.finding = finding, .place = *place};
	return NULL;
}

/* Whether a place is the freelist that is stored in a slab. */
static bool is_slab_list(enum place_kind kind)
{
	return kind == PLACE_CPU_SLAB || kind == PLACE_CPU_PARTIAL || kind == PLACE_NODE_PARTIAL ||
	       kind == PLACE_NODE_FULL;
}

static struct dill_error *mark(void *context, dill_virt object, const struct place *place)
{
	struct maker *maker = context;
	struct mapped_slab *slab = maker->last;
	uint32_t index;

	if (!slab || !slab_holds(maker->map, slab, object))
		slab = maker->last = cache_map_slab(maker->map, object);
	if (place->moving)
		maker->moving[place->kind] = place->moving;
	if (!slab || !slab_object_index(maker->map->cache, &slab->slab, object, &index))
		return NULL; /* who read the list has said so */
	if (slab->kinds[index] != PLACE_NONE && !(slab->twice && is_slab_list(place->kind)))
		TRY(report_twice(maker, slab, object, slab->kinds[index], place));
	else if (slab->kinds[index] == PLACE_NONE)
		slab->kinds[index] = (uint8_t)place->kind;
	return NULL;
}

/*
 * A slab on no list whose counters say that it has free objects. Without any object in use it is
 * new, or on its way out of memory: its freelist is not written yet, or gone under an rcu_head
 * (over the list's links and, since 6.2, the freelist). Else it is on its way between lists. With
 * per-CPU slabs its freelist and counters change together even then. Since 7.0 a CPU that takes
 * objects of a new slab counts them one by one and writes the rest of the freelist at the end:
 * what is found there cannot be called broken.
 */
static struct dill_error *walk_unlisted(struct maker *maker, struct mapped_slab *slab)
{
	const struct cache *cache = maker->map->cache;
	struct reading here = reading_of_slab(&maker->reading, slab->slab.address);
	uint64_t by_rcu = layout_flag(&maker->reading.heap->layout, "TYPESAFE_BY_RCU");
	struct place place = {.kind = PLACE_UNLISTED_SLAB, .cpu = -1, .node = -1};
	struct freelist_head head;
	struct freelist freelist;

	place.moving = "the slab is on its way between lists";
	here.where.moving = cache->cpu_slab ? NULL : place.moving;
	place.container = slab->slab.address;
	if (slab->slab.inuse == 0 && cache->flags & by_rcu) {
		slab->where = SLAB_DYING;
		memset(slab->kinds, PLACE_DYING_SLAB, slab->slab.objects);
		return NULL;
	}
	maker->map->moving_slabs++;
	if (slab->slab.inuse == 0) {
		memset(slab->kinds, PLACE_UNLISTED_SLAB, slab->slab.objects);
		return NULL;
	}
	head = slab_freelist_head(maker->reading.heap, &slab->slab);
	TRY(freelist_walk(&here, &slab->slab, &head, &freelist));
	freelist_check_count(&here, &slab->slab, head.what, &freelist);
	slab->broken |= freelist.broken;
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
	map->in_motion |= contents->in_motion || map->moving_slabs;
}

struct dill_error *cache_map_make(const struct reading *reading, const struct contents *contents,
				  const struct waiting *waiting, const struct slab_scan *scan,
				  struct cache_map *ret)
{
	struct maker maker = {.reading = reading_of(reading, contents->cache), .map = ret};

	*ret = (struct cache_map){.cache = contents->cache};
	TRY(take_slabs(&maker, scan));
	TRY(claim_all(&maker, contents));
	TRY(places_visit(contents, waiting, mark, &maker));
	TRY(walk_all_unlisted(&maker));
	end_run(&maker);
	judge(&maker, contents, waiting, scan);
	count(ret);
	totals_check(reading->heap, contents, ret, scan, reading->findings);
	return NULL;
}
