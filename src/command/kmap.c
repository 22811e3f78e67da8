/* SPDX-License-Identifier: MIT */
#include "answer/gap_record.h"
#include "command/choose.h"
#include "command/fill_finding.h"
#include "command/fill_slab.h"
#include "command/registry.h"
#include "slub/slab_order.h"

enum { OPTION_CPU, OPTION_NODE, OPTION_PARTIAL, OPTION_LIMIT, OPTION_LIST };

/* One cache while it is drawn. */
struct picture {
	struct contents contents;
	struct cache_map map;
	const struct mapped_slab *const *slabs; /* those that are shown, in order */
	size_t count;
};

/* Slabs by how much of them is in use; dying ones are in no sum, like in the kernel's counters. */
struct slab_sums {
	uint64_t slabs, empty, partly, full, objects, memory;
};

static void sum_slabs(const struct cache_map *map, struct slab_sums *ret)
{
	*ret = (struct slab_sums){0};
	for (size_t i = 0; i < map->count; i++) {
		const struct mapped_slab *slab = &map->slabs[i];
		uint32_t used = slab->counts[OBJECT_LIVE] + slab->counts[OBJECT_UNKNOWN];

		if (slab->where == SLAB_DYING)
			continue;
		ret->slabs++;
		ret->empty += used == 0;
		ret->full += used == slab->slab.objects;
		ret->partly += used != 0 && used != slab->slab.objects;
		ret->objects += slab->slab.objects;
		ret->memory += slab_bytes(map->cache, &slab->slab);
	}
}

static void fill_memory(const struct cache_map *map, const struct slab_sums *sums,
			struct dill_record *record)
{
	uint64_t used = map->counts[OBJECT_LIVE] + map->counts[OBJECT_UNKNOWN];
	uint64_t free_bytes = (sums->objects - used) * map->cache->object_size;
	uint64_t wasted = sums->memory - used * map->cache->object_size;

	record_set_number(record, CACHE_MAP_MEMORY, sums->memory);
	record_set_number(record, CACHE_MAP_WASTED, wasted);
	record_set_number(record, CACHE_MAP_FREE_BYTES, free_bytes);
	record_set_number(record, CACHE_MAP_OVERHEAD, wasted - free_bytes);
}

static struct dill_error *fill_places(const struct picture *picture, struct arena *arena,
				      struct dill_record *record)
{
	struct place_counts counts = {0};
	struct record_list places;

	for (size_t i = 0; i < picture->count; i++)
		place_counts_add(&picture->map, picture->slabs[i], &counts);
	TRY(place_counts_record(&counts, arena, &places));
	record_set_records(record, CACHE_MAP_PLACES, places);
	return NULL;
}

static struct dill_error *emit_sums(struct command_call *call, const struct picture *picture,
				    struct arena *arena)
{
	const struct cache_map *map = &picture->map;
	const struct cache *cache = map->cache;
	struct dill_record *record = record_new(arena, &cache_map_kind);
	struct slab_sums sums;

	if (!record)
		return error_no_memory();
	sum_slabs(map, &sums);
	record_set_text(record, CACHE_MAP_NAME, cache->name);
	record_set_number(record, CACHE_MAP_ADDRESS, cache->address);
	record_set_number(record, CACHE_MAP_OBJECT_SIZE, cache->object_size);
	record_set_number(record, CACHE_MAP_SIZE, cache->size);
	record_set_number(record, CACHE_MAP_OBJECTS_PER_SLAB, cache->objects_per_slab);
	record_set_number(record, CACHE_MAP_ORDER, cache->order);
	record_set_number(record, CACHE_MAP_SLABS, sums.slabs);
	record_set_number(record, CACHE_MAP_EMPTY, sums.empty);
	record_set_number(record, CACHE_MAP_PARTLY, sums.partly);
	record_set_number(record, CACHE_MAP_FULL, sums.full);
	record_set_number(record, CACHE_MAP_DYING, map->dying_slabs);
	record_set_number(record, CACHE_MAP_SHOWN, picture->count);
	record_set_number(record, CACHE_MAP_OBJECTS, sums.objects);
	for (size_t state = 0; state < OBJECT_STATES; state++)
		record_set_number(record, CACHE_MAP_LIVE + state, map->counts[state]);
	fill_memory(map, &sums, record);
	record_set_bool(record, CACHE_MAP_IN_MOTION, map->in_motion);
	record_set_text(record, CACHE_MAP_INCOMPLETE, map->why);
	TRY(fill_places(picture, arena, record));
	return call->sink->emit(call->sink, record);
}

/* Records of slabs live only until they are drawn: a cache may have hundreds of thousands. */
static struct dill_error *emit_slabs(struct command_call *call, const struct picture *picture)
{
	const struct dill_record_kind *kind =
		call->options[OPTION_LIST].given ? &slab_line_kind : &slab_map_kind;
	_cleanup_(arena_freep)
	struct arena *arena = NULL;

	TRY(arena_new(&arena));
	for (size_t i = 0; i < picture->count; i++) {
		struct dill_record *record;

		TRY(slab_map_record(&picture->map, picture->slabs[i], kind, arena, &record));
		TRY(call->sink->emit(call->sink, record));
		arena_reset(arena);
	}
	return NULL;
}

static struct dill_error *emit_cache(struct command_call *call, struct survey *survey,
				     const struct cache *cache, const struct slab_filter *filter,
				     struct arena *arena)
{
	struct picture picture;

	TRY(survey_map(survey, cache, arena, &picture.contents, &picture.map));
	TRY(slabs_in_order(&picture.map, &picture.contents, &survey->waiting, filter, arena,
			   &picture.slabs, &picture.count));
	if (call->options[OPTION_LIMIT].given && picture.count > call->options[OPTION_LIMIT].number)
		picture.count = call->options[OPTION_LIMIT].number;
	TRY(emit_sums(call, &picture, arena));
	return emit_slabs(call, &picture);
}

/* One cache at a time, each with an arena of its own: a glob may match all of memory. */
static struct dill_error *emit_caches(struct command_call *call, struct survey *survey,
				      const struct cache_list *caches,
				      const struct slab_filter *filter)
{
	_cleanup_(arena_freep)
	struct arena *arena = NULL;

	TRY(arena_new(&arena));
	for (size_t i = 0; i < caches->count; i++) {
		TRY(target_check_interrupt(kernel_target(survey->heap->kernel)));
		TRY(emit_cache(call, survey, &caches->items[i], filter, arena));
		arena_reset(arena);
	}
	return NULL;
}

static struct dill_error *run(struct command_call *call)
{
	struct findings findings = findings_new(call);
	_cleanup_(survey_deinitp)
	struct survey survey = {0};
	struct slab_filter filter = {.only_partial = call->options[OPTION_PARTIAL].given};
	struct cache_list chosen;
	struct heap *heap;

	TRY(session_heap(call->session, &heap));
	TRY(cpu_choose(call, OPTION_CPU, heap->kernel, &filter.cpu));
	TRY(node_choose(call, OPTION_NODE, heap->kernel, &filter.node));
	if (filter.node >= 0)
		TRY(need_nodes(heap));
	TRY(survey_init(heap, call->arena, &findings, &survey));
	TRY(survey_choose(&survey, call->arguments[0], CHOOSE_ALL, call->arena, &chosen));
	TRY(survey_scan(&survey, &chosen));
	TRY(emit_caches(call, &survey, &chosen, &filter));
	return survey_emit(call, &survey, &findings);
}

static const struct dill_record_kind *const kinds[] = {
	&cache_map_kind, &slab_map_kind, &slab_line_kind, &gap_kind, &finding_record_kind, NULL,
};

const struct command kmap_command = {
	.name = "kmap",
	.summary = "Picture of all slabs of a cache, a character for each object",
	.help = "Draws every slab of CACHE, a name or a glob: also the full ones, which are on no "
		"list\n"
		"and are found by their struct pages. Above the picture stands how many slabs are\n"
		"empty, partly used and full, how much memory is wasted, and which characters "
		"occur;\n"
		"`help kslab` has them all. Live objects are #, free ones mostly dots and letters, "
		"so\n"
		"that holes are seen at a glance.\n"
		"\n"
		"The kernel does not note when a slab was made. Newest first therefore means the "
		"order\n"
		"of use: the CPUs' own slabs, the CPUs' partial slabs, the nodes' partial and "
		"full\n"
		"slabs, each in the order of its list; then slabs on no list by descending "
		"address,\n"
		"which tells nothing about age; dying ones last.\n"
		"\n"
		"A line begins with the address of its first slab where there is room for it; "
		"--list\n"
		"shows one slab at a time with its addresses and counts.\n"
		"\n"
		"Examples:\n"
		"  kmap dentry\n"
		"  kmap kmalloc-64 --cpu 0 --list\n"
		"  kmap 'kmalloc-*' --partial\n",
	.arguments = {{"CACHE", ARGUMENT_CACHE}},
	.options =
		{
			[OPTION_CPU] = {"cpu", 'c', ARGUMENT_CPU, "CPU",
					"only slabs of this CPU, and those with an object on one "
					"of its lists"},
			[OPTION_NODE] = {"node", 'n', ARGUMENT_NODE, "NODE",
					 "only slabs in this node's memory"},
			[OPTION_PARTIAL] = {"partial", 'p', ARGUMENT_NONE, NULL,
					    "only slabs with an object that is not live"},
			[OPTION_LIMIT] = {"limit", 'l', ARGUMENT_NUMBER, "N",
					  "at most the first N slabs of each cache"},
			[OPTION_LIST] = {"list", 'L', ARGUMENT_NONE, NULL,
					 "one slab at a time, with addresses and counts"},
		},
	.needs_target = true,
	.kinds = kinds,
	.run = run,
};
