/* SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include "slub/check.h"
#include "slub/kasan.h"

/* Slabs whose shadow is fetched together. */
#define TOGETHER 64u

struct shadow_checker {
	struct heap *heap;
	const struct cache_map *map;
	struct findings *findings;
	struct check_counts *counts;
	uint8_t *buffer; /* shadow of the largest slab */
	size_t buffer_size;
	bool type_safe; /* the cache's free objects may be used, until a grace period is over */
};

/* Why an object in such a place cannot have this shadow. NULL = it can. */
static const char *contradiction(const struct shadow_checker *checker, enum place_kind kind,
				 uint8_t shadow)
{
	enum object_state state = place_state(kind);

	if (kind == PLACE_QUARANTINE && shadow < KASAN_GRANULE)
		return "is in KASAN's quarantine, but its shadow says it is in use";
	if ((state == OBJECT_FREE || state == OBJECT_CACHED) && !checker->type_safe &&
	    shadow < KASAN_GRANULE)
		return "is on a freelist, but its shadow says it is in use";
	if (kind == PLACE_NONE && (shadow == KASAN_FREE || shadow == KASAN_REDZONE))
		return "is on no list, but its shadow says it is free";
	return NULL;
}

static void check_object(struct shadow_checker *checker, const struct mapped_slab *slab,
			 uint32_t index, uint8_t shadow)
{
	const struct cache *cache = checker->map->cache;
	enum place_kind kind = slab->kinds[index];
	dill_virt object = cache_object(cache, slab->slab.base, index);
	const char *text = contradiction(checker, kind, shadow);
	struct finding_place place = {
		.cache = cache->name, .cpu = -1, .node = -1, .slab = slab->slab.address};
	struct finding *finding;

	checker->counts->shadow_objects++;
	if (!text)
		return;
	if (kind == PLACE_NONE)
		place.moving = "it may be on its way to a list";
	finding = findings_add_values(checker->findings, FINDING_STATE, &place,
				      checker->heap->kasan_shadow + object / KASAN_GRANULE,
				      kind == PLACE_NONE ? 0 : KASAN_FREE, shadow,
				      "object 0x%" PRIx64 " %s", object, text);
	if (finding)
		finding->object = object;
}

static struct dill_error *check_slab(struct shadow_checker *checker, const struct mapped_slab *slab)
{
	const struct cache *cache = checker->map->cache;
	struct finding_place place = {
		.cache = cache->name, .cpu = -1, .node = -1, .slab = slab->slab.address};
	size_t count = (size_t)slab_bytes(cache, &slab->slab) / KASAN_GRANULE;
	struct dill_error *error;

	if (count > checker->buffer_size)
		count = checker->buffer_size;
	error = kasan_shadow_read(checker->heap, slab->slab.base, count, checker->buffer);

	if (error) {
		checker->counts->unread_slabs++;
		return findings_absorb(checker->findings, &place,
				       dill_error_add_context(error, "KASAN's shadow of a slab"));
	}
	for (uint32_t i = 0; i < slab->slab.objects; i++) {
		size_t at = (size_t)(cache_object(cache, slab->slab.base, i) - slab->slab.base) /
			    KASAN_GRANULE;

		if (at < count && cache_map_state(checker->map, slab, i) != OBJECT_UNKNOWN)
			check_object(checker, slab, i, checker->buffer[at]);
	}
	return NULL;
}

static struct dill_error *prefetch(struct shadow_checker *checker, size_t from)
{
	dill_virt addresses[TOGETHER];
	size_t count = 0;

	for (size_t i = from; i < checker->map->count && count < TOGETHER; i++)
		addresses[count++] = checker->heap->kasan_shadow +
				     checker->map->slabs[i].slab.base / KASAN_GRANULE;
	return kernel_prefetch(checker->heap->kernel, addresses, count);
}

struct dill_error *shadow_check(struct heap *heap, const struct cache_map *map,
				struct findings *findings, struct check_counts *counts)
{
	const struct cache *cache = map->cache;
	struct shadow_checker checker = {
		.heap = heap,
		.map = map,
		.findings = findings,
		.counts = counts,
		.buffer_size = (size_t)cache_order_bytes(cache, cache->order) / KASAN_GRANULE,
		.type_safe = cache->flags & layout_flag(&heap->layout, "TYPESAFE_BY_RCU"),
	};
	_cleanup_(freep)
	uint8_t *buffer = NULL;

	if (!kasan_has_shadow(heap, cache) || cache->size % KASAN_GRANULE ||
	    cache->red_left_pad % KASAN_GRANULE)
		return NULL;
	buffer = checker.buffer = malloc(checker.buffer_size);
	if (!buffer)
		return error_no_memory();
	for (size_t i = 0; i < map->count; i++) {
		TRY(target_check_interrupt(kernel_target(heap->kernel)));
		if (i % TOGETHER == 0)
			TRY(prefetch(&checker, i));
		TRY(check_slab(&checker, &map->slabs[i]));
	}
	return NULL;
}
