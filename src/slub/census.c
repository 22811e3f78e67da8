/* SPDX-License-Identifier: MIT */
#include "slub/census.h"

#include "slub/slab_memory.h"

struct walk {
	struct survey *survey;
	const struct census_visitor *visitor;
	uint8_t *buffer; /* of the largest slab */
};

/* --- sums --- */

void census_add_slab(struct census_sums *sums, const struct cache_map *map,
		     const struct mapped_slab *slab)
{
	const struct cache *cache = map->cache;
	uint64_t objects = slab->slab.objects, used, memory, unused_bytes;

	if (slab->where == SLAB_DYING) {
		sums->dying++;
		return;
	}
	used = (uint64_t)slab->counts[OBJECT_LIVE] + slab->counts[OBJECT_UNKNOWN];
	memory = slab_bytes(cache, &slab->slab);
	unused_bytes = (objects - used) * cache->object_size;
	sums->slabs++;
	sums->empty += used == 0;
	sums->full += used == objects;
	sums->partly += used != 0 && used != objects;
	sums->objects += objects;
	for (int state = 0; state < OBJECT_STATES; state++)
		sums->counts[state] += slab->counts[state];
	sums->memory += memory;
	sums->used_bytes += used * cache->object_size;
	sums->free_bytes += unused_bytes;
	sums->hole_bytes += used ? unused_bytes : 0;
	sums->around_bytes += objects * (cache->size - cache->object_size);
	sums->tail_bytes += memory - objects * cache->size;
}

void census_add(struct census_sums *sums, const struct census_sums *more)
{
	sums->slabs += more->slabs;
	sums->empty += more->empty;
	sums->partly += more->partly;
	sums->full += more->full;
	sums->dying += more->dying;
	sums->objects += more->objects;
	for (int state = 0; state < OBJECT_STATES; state++)
		sums->counts[state] += more->counts[state];
	sums->memory += more->memory;
	sums->used_bytes += more->used_bytes;
	sums->free_bytes += more->free_bytes;
	sums->hole_bytes += more->hole_bytes;
	sums->around_bytes += more->around_bytes;
	sums->tail_bytes += more->tail_bytes;
}

/* --- the walk --- */

/* The memory of a slab; empty when it cannot be read: what the caller looks for is not known then,
 * while the states of the objects are. */
static struct dill_error *read_slab(struct slab_memory *memory, size_t index, struct span *ret)
{
	const struct cache_map *map = memory->map;
	size_t size = (size_t)map->slabs[index].slab.objects * map->cache->size;
	struct dill_error *error = slab_memory_read(memory, index, size, ret);

	if (!error)
		return NULL;
	if (error_is_fatal(error))
		return error;
	*ret = (struct span){0};
	dill_error_free(error);
	return NULL;
}

static struct dill_error *visit_slabs(const struct walk *walk, const struct cache_map *map)
{
	const struct census_visitor *visitor = walk->visitor;
	bool wanted = visitor->wants_bytes && visitor->wants_bytes(visitor->context, map->cache);
	struct slab_memory memory = {walk->survey->heap, map, walk->buffer, 0};

	for (size_t i = 0; visitor->slab && i < map->count; i++) {
		struct span bytes = {0};

		if (i % 1024 == 0)
			TRY(target_check_interrupt(kernel_target(walk->survey->heap->kernel)));
		if (i % 1024 == 0 && wanted)
			target_trim(kernel_target(walk->survey->heap->kernel));
		if (wanted)
			TRY(read_slab(&memory, i, &bytes));
		TRY(visitor->slab(visitor->context, map, &map->slabs[i], bytes));
	}
	return NULL;
}

static struct dill_error *visit_cache(const struct walk *walk, const struct cache *cache,
				      struct arena *arena)
{
	const struct census_visitor *visitor = walk->visitor;
	struct contents contents;
	struct cache_map map;

	TRY(survey_map(walk->survey, cache, arena, &contents, &map));
	TRY(visit_slabs(walk, &map));
	return visitor->cache ? visitor->cache(visitor->context, &contents, &map) : NULL;
}

static size_t largest_slab(const struct cache_list *caches)
{
	size_t largest = 1;

	for (size_t i = 0; i < caches->count; i++)
		if (caches->items[i].usable && slab_memory_size(&caches->items[i]) > largest)
			largest = slab_memory_size(&caches->items[i]);
	return largest;
}

/* An arena for each cache: all of them together may be as large as memory. */
static struct dill_error *visit_caches(struct walk *walk, const struct cache_list *chosen)
{
	_cleanup_(arena_freep)
	struct arena *arena = NULL;

	TRY(arena_new(&arena));
	for (size_t i = 0; i < chosen->count; i++) {
		TRY(target_check_interrupt(kernel_target(walk->survey->heap->kernel)));
		TRY(visit_cache(walk, &chosen->items[i], arena));
		arena_reset(arena);
		if (i % 64 == 0)
			target_trim(kernel_target(walk->survey->heap->kernel));
	}
	return NULL;
}

struct dill_error *census_walk(struct survey *survey, const struct cache_list *chosen,
			       const struct census_visitor *visitor)
{
	struct walk walk = {.survey = survey, .visitor = visitor};
	struct dill_error *error;

	TRY(survey_scan(survey, chosen));
	walk.buffer = malloc(largest_slab(chosen));
	error = walk.buffer ? visit_caches(&walk, chosen) : error_no_memory();
	free(walk.buffer);
	return error;
}
