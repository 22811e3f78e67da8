/* SPDX-License-Identifier: MIT */
#include "slub/object.h"

#include <inttypes.h>

#include "slub/kfence.h"

/* What a cache holds, once it has been asked for. */
struct read_cache {
	bool done;
	struct contents contents;
	struct findings findings;
};

struct dill_error *objects_init(struct survey *survey, struct arena *arena, struct objects *ret)
{
	*ret = (struct objects){.survey = survey, .arena = arena};
	ret->caches = arena_alloc_array(arena, survey->all.listed + CACHES_GONE_MAX,
					sizeof(*ret->caches));
	return ret->caches ? NULL : error_no_memory();
}

static struct dill_error *read_contents(struct objects *objects, const struct cache *cache,
					struct read_cache **ret)
{
	struct read_cache *read = &objects->caches[cache - objects->survey->all.items];
	struct reading reading;

	*ret = read;
	if (read->done)
		return NULL;
	read->done = true;
	read->findings.arena = objects->arena;
	reading = reading_start(objects->survey->heap, CONTENTS_FREELISTS, objects->arena,
				&read->findings);
	return contents_read(&reading, cache, 1, &read->contents);
}

/* --- findings that concern the answer --- */

static void copy_of_slab(const struct findings *from, dill_virt slab, struct findings *to)
{
	for (const struct finding *finding = from->first; finding; finding = finding->next)
		if (finding->place.slab == slab)
			findings_copy(to, finding);
}

/* Those that make the state unknown: of no slab, and of this cache or of no single one. */
static void copy_of_cache(const struct findings *from, const struct cache *cache,
			  struct findings *to)
{
	for (const struct finding *finding = from->first; finding; finding = finding->next)
		if (!finding->place.slab &&
		    (!finding->place.cache || finding->place.cache == cache->name))
			findings_copy(to, finding);
}

/* --- where it is --- */

struct search {
	dill_virt object;
	struct object_answer *answer;
};

static struct dill_error *visit(void *context, dill_virt object, const struct place *place)
{
	struct search *search = context;

	if (object != search->object)
		return NULL;
	if (search->answer->place.kind == PLACE_NONE)
		search->answer->place = *place;
	else
		search->answer->another = *place;
	return NULL;
}

/* The map of kinds knows of one place more than the lists: the freelist of a slab on no list. */
static struct dill_error *find_unlisted(struct objects *objects, const struct located *located,
					struct object_answer *answer)
{
	const struct slab *slab = &answer->slab.slab;
	struct findings untold = FINDINGS_MUTED;
	const struct reading all =
		reading_start(objects->survey->heap, CONTENTS_FREELISTS, objects->arena, &untold);
	const struct reading reading = reading_of(&all, located->cache);
	struct freelist_head head = slab_freelist_head(objects->survey->heap, slab);
	struct freelist freelist;

	answer->place = (struct place){.kind = answer->slab.kinds[located->index],
				       .cpu = -1,
				       .node = -1,
				       .container = slab->address};
	if (answer->place.kind != PLACE_UNLISTED_SLAB)
		return NULL;
	TRY(freelist_walk(&reading, slab, &head, &freelist));
	while (answer->place.position < freelist.count &&
	       freelist.objects[answer->place.position] != located->object)
		answer->place.position++;
	return NULL;
}

/* A map of one slab only: made of the same lists by the same rules as a map of the whole cache. */
static struct dill_error *make_map(struct objects *objects, const struct located *located,
				   const struct read_cache *read, struct findings *findings,
				   struct cache_map *ret)
{
	struct scanned_slab one = {.slab = located->slab, .cache = located->cache};
	struct slab_scan scan = {.items = &one, .count = 1, .complete = true};
	const struct reading reading =
		reading_start(objects->survey->heap, CONTENTS_FREELISTS, objects->arena, findings);
	struct contents contents = read->contents;

	contents.has_totals = false; /* one slab is not all of them */
	return cache_map_make(&reading, &contents, &objects->survey->waiting, &scan, ret);
}

static const char *reason(struct objects *objects, const struct cache_map *map,
			  const struct object_answer *answer)
{
	if (answer->slab.broken)
		return "it is on no list, but the freelist of its slab is broken";
	return arena_format(objects->arena, "it is on no list, but could not be looked for in %s",
			    map->why ? map->why : "all of them");
}

static struct dill_error *give_up(struct object_answer *answer, const char *why)
{
	answer->state = OBJECT_UNKNOWN;
	answer->why = why;
	return NULL;
}

/* All that one look at the lists tells. */
static struct dill_error *look(struct objects *objects, const struct located *located,
			       const struct read_cache *read, struct findings *made,
			       struct cache_map *map, struct object_answer *ret)
{
	struct search search = {located->object, ret};

	*made = (struct findings){.arena = objects->arena};
	TRY(make_map(objects, located, read, made, map));
	ret->slab = map->slabs[0];
	ret->in_motion = map->in_motion;
	ret->state = cache_map_state(map, &ret->slab, located->index);
	TRY(places_visit(&read->contents, &objects->survey->waiting, visit, &search));
	return ret->place.kind == PLACE_NONE ? find_unlisted(objects, located, ret) : NULL;
}

/* Sheaves that no list leads to can only be found among all objects: worth it before an object of
 * a cache with sheaves is called live. */
static bool may_be_in_loose_sheaf(const struct objects *objects, const struct cache *cache,
				  const struct object_answer *answer)
{
	return answer->state == OBJECT_LIVE && cache->sheaf_capacity &&
	       !objects->survey->scanned_all;
}

struct dill_error *object_find(struct objects *objects, const struct located *located,
			       struct findings *findings, struct object_answer *ret)
{
	struct survey *survey = objects->survey;
	struct read_cache *read;
	struct findings made;
	struct cache_map map;

	*ret = (struct object_answer){.slab = {.slab = located->slab, .cpu = -1}};
	if (!located->slab.usable)
		return give_up(ret, "the counters of its slab are impossible");
	TRY(read_contents(objects, located->cache, &read));
	TRY(look(objects, located, read, &made, &map, ret));
	if (may_be_in_loose_sheaf(objects, located->cache, ret)) {
		TRY(survey_scan(survey, &survey->all));
		TRY(look(objects, located, read, &made, &map, ret));
	}
	if (ret->place.kind != PLACE_NONE)
		TRY(ahead_find(survey->heap, &read->contents, located->object, &ret->place,
			       objects->arena, &ret->ahead));
	copy_of_slab(&read->findings, located->slab.address, findings);
	copy_of_slab(&made, located->slab.address, findings);
	if (ret->state != OBJECT_UNKNOWN)
		return NULL;
	ret->why = reason(objects, &map, ret);
	if (!ret->slab.broken) {
		copy_of_cache(&read->findings, located->cache, findings);
		copy_of_cache(survey->findings, located->cache, findings);
	}
	return NULL;
}

struct dill_error *object_start(struct heap *heap, dill_virt address, struct arena *arena,
				dill_virt *ret)
{
	struct findings untold = FINDINGS_MUTED;
	struct kfence_object kfence;
	struct located located;
	struct cache_list caches;

	TRY(kfence_load(heap));
	TRY(caches_read(heap, arena, &untold, &caches));
	TRY(heap_locate(heap, &caches, address, &untold, &located));
	*ret = located.object;
	if (located.in_slot)
		return NULL;
	if (located.kfence) {
		TRY(kfence_find(heap, heap->kfence_base, address, arena, &untold, &kfence));
		*ret = kfence.object;
		if (kfence.object)
			return NULL;
	}
	return dill_error_new(DILL_ERROR_NOT_FOUND, "0x%" PRIx64 " lies in no slab object",
			      address);
}

/* --- parts of a slot --- */

const char *object_part_name(enum object_part part)
{
	static const char *const names[] = {
		[PART_OBJECT] = "object",
		[PART_LEFT_RED_ZONE] = "left_red_zone",
		[PART_RIGHT_RED_ZONE] = "right_red_zone",
		[PART_FREE_POINTER] = "free_pointer",
		[PART_METADATA] = "metadata",
	};

	return names[part];
}

enum object_part object_part(const struct cache *cache, int64_t offset)
{
	if (offset < 0)
		return PART_LEFT_RED_ZONE;
	if (offset < cache->object_size)
		return PART_OBJECT;
	if (offset >= cache->offset && offset < (int64_t)cache->offset + 8 &&
	    cache->offset >= cache->inuse)
		return PART_FREE_POINTER;
	return offset < cache->inuse ? PART_RIGHT_RED_ZONE : PART_METADATA;
}
