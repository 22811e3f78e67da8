/* SPDX-License-Identifier: MIT */
#include "slub/slab_map.h"

static struct dill_error *note_place(void *context, dill_virt object, const struct place *place)
{
	struct slab_map *map = context;
	uint32_t index;

	if (slab_object_index(map->map.cache, &map->slab->slab, object, &index))
		map->places[index] = *place;
	return NULL;
}

/* The freelist of a slab that is on no list. The map has followed it and said what is wrong with
 * it; here only the positions are wanted. */
static struct dill_error *note_unlisted(struct survey *survey, struct arena *arena,
					struct slab_map *map)
{
	const struct slab *slab = &map->slab->slab;
	struct freelist_head head = slab_freelist_head(survey->heap, slab);
	struct findings untold = FINDINGS_MUTED;
	const struct reading all = reading_start(survey->heap, CONTENTS_FREELISTS, arena, &untold);
	const struct reading reading = reading_of(&all, map->map.cache);
	struct freelist freelist;
	struct place place = {
		.kind = PLACE_UNLISTED_SLAB, .cpu = -1, .node = -1, .container = slab->address};

	TRY(freelist_walk(&reading, slab, &head, &freelist));
	for (; place.position < freelist.count; place.position++)
		TRY(note_place(map, freelist.objects[place.position], &place));
	return NULL;
}

static struct dill_error *note_places(struct survey *survey, struct arena *arena,
				      struct slab_map *map)
{
	uint32_t objects = map->slab->slab.objects;

	map->places = arena_alloc_array(arena, objects, sizeof(*map->places));
	if (!map->places)
		return error_no_memory();
	for (uint32_t i = 0; i < objects; i++)
		map->places[i] = (struct place){.kind = PLACE_NONE, .cpu = -1, .node = -1};
	if (map->slab->where == SLAB_UNLISTED && map->slab->slab.inuse < objects)
		TRY(note_unlisted(survey, arena, map));
	TRY(places_visit(&map->contents, &survey->waiting, note_place, map));
	if (map->slab->where == SLAB_DYING)
		for (uint32_t i = 0; i < objects; i++)
			map->places[i].kind = PLACE_DYING_SLAB;
	return NULL;
}

struct dill_error *slab_map_make(struct survey *survey, const struct cache *cache,
				 const struct slab *slab, struct arena *arena, struct slab_map *ret)
{
	struct scanned_slab item = {*slab, cache};
	const struct slab_scan scan = {.items = &item, .count = 1, .complete = true};
	const struct reading reading =
		reading_start(survey->heap, CONTENTS_FREELISTS, arena, survey->findings);
	struct contents without_totals;

	*ret = (struct slab_map){0};
	TRY(contents_read(&reading, cache, 1, &ret->contents));
	/* One slab cannot add up to the cache's totals: do not compare. */
	without_totals = ret->contents;
	without_totals.has_totals = false;
	TRY(cache_map_make(&reading, &without_totals, &survey->waiting, &scan, &ret->map));
	if (!ret->map.count)
		return NULL;
	ret->slab = &ret->map.slabs[0];
	return note_places(survey, arena, ret);
}
