/* SPDX-License-Identifier: MIT */
#include "slub/kasan.h"

#include <string.h>

#include "slub/depot.h"
#include "slub/kasan_ring.h"
#include "slub/kasan_track.h"

/* --- where the shadow is --- */

/* Code of a function that is looked at. */
#define CODE_MAX 512u

/* Functions that compute addresses of shadow, in every version with generic KASAN. */
static const char *const shadow_functions[] = {"kasan_poison", "kasan_unpoison",
					       "kasan_check_range", "__asan_loadN"};

/* Whether the shadow of a cache's own descriptor, which lives, can be read there and says so. */
static struct dill_error *fits(struct heap *heap, const struct cache_list *caches, dill_virt base,
			       bool *ret)
{
	for (size_t i = 0; i < caches->count && i < 8; i++) {
		uint8_t byte = UINT8_MAX;
		struct dill_error *error = kernel_read_u8(
			heap->kernel, base + caches->items[i].address / KASAN_GRANULE, &byte);

		*ret = !error && byte == 0;
		TRY(error_forgive(error));
		if (!*ret)
			return NULL;
	}
	return NULL;
}

/* A move of a 64-bit constant into a register (REX.W B8+r). */
static bool is_constant(const uint8_t *code, uint64_t *ret)
{
	if ((code[0] != 0x48 && code[0] != 0x49) || (code[1] & 0xf8) != 0xb8)
		return false;
	memcpy(ret, code + 2, sizeof(*ret));
	return *ret % DILL_PAGE_SIZE == 0;
}

static struct dill_error *look_in(struct heap *heap, const struct cache_list *caches,
				  dill_virt function)
{
	uint8_t code[CODE_MAX];
	struct dill_error *error = kernel_read(heap->kernel, function, code, sizeof(code));
	uint64_t constant;
	bool is_it = false;

	if (error && error_is_fatal(error))
		return error;
	if (error) {
		dill_error_free(error);
		return NULL;
	}
	for (size_t i = 0; i + 10 <= sizeof(code) && !is_it; i++) {
		if (!is_constant(code + i, &constant))
			continue;
		TRY(fits(heap, caches, constant, &is_it));
		if (is_it)
			heap->kasan_shadow = constant;
	}
	return NULL;
}

struct dill_error *kasan_load(struct heap *heap, const struct cache_list *caches)
{
	heap->kasan_shadow = 0;
	if (!heap->layout.kasan_alloc.present) /* with tags: another granule, other values */
		return NULL;
	for (size_t i = 0; i < sizeof(shadow_functions) / sizeof(*shadow_functions); i++) {
		dill_virt function;

		if (heap->kasan_shadow ||
		    !kernel_has_symbol(heap->kernel, shadow_functions[i], &function))
			continue;
		TRY(look_in(heap, caches, function));
	}
	return NULL;
}

bool kasan_has_shadow(const struct heap *heap, const struct cache *cache)
{
	return heap->kasan_shadow && cache->usable &&
	       (cache->flags & layout_flag(&heap->layout, "KASAN"));
}

/* --- the shadow of an object --- */

struct dill_error *kasan_shadow_read(struct heap *heap, dill_virt address, size_t count,
				     uint8_t *ret)
{
	return kernel_read(heap->kernel, heap->kasan_shadow + address / KASAN_GRANULE, ret, count);
}

/* Bytes from the start that may be used. */
static uint32_t count_usable(const uint8_t *shadow, size_t count)
{
	size_t i = 0;

	while (i < count && shadow[i] == 0)
		i++;
	return (uint32_t)(i * KASAN_GRANULE) +
	       (i < count && shadow[i] < KASAN_GRANULE ? shadow[i] : 0);
}

struct dill_error *kasan_object_shadow(struct heap *heap, const struct cache *cache,
				       dill_virt object, struct arena *arena,
				       struct kasan_shadow *ret)
{
	size_t count = (cache->size - cache->red_left_pad) / KASAN_GRANULE;
	struct dill_error *error;
	uint8_t *shadow;

	*ret = (struct kasan_shadow){0};
	if (!kasan_has_shadow(heap, cache) || object % KASAN_GRANULE || !count)
		return NULL;
	shadow = arena_alloc(arena, count);
	if (!shadow)
		return error_no_memory();
	error = kasan_shadow_read(heap, object, count, shadow);
	if (error && error_is_fatal(error))
		return error;
	if (error) {
		dill_error_free(error);
		return NULL;
	}
	*ret = (struct kasan_shadow){
		.known = true,
		.first = shadow[0],
		.accessible = shadow[0] < KASAN_GRANULE,
		.usable = count_usable(shadow, count),
		.slot = shadow,
		.slot_count = count,
	};
	return NULL;
}

/* --- who used it --- */

static struct dill_error *read_track(const struct reading *reading, dill_virt address,
				     struct track *ret)
{
	struct heap *heap = reading->heap;
	uint8_t buffer[KASAN_TRACK_MAX];
	struct span bytes = {buffer, (size_t)heap->layout.kasan_track_struct_size};
	struct dill_error *error;

	if (bytes.size > sizeof(buffer))
		return NULL;
	error = kernel_read(heap->kernel, address, buffer, bytes.size);
	if (error)
		return findings_absorb(reading->findings, &reading->where,
				       dill_error_add_context(error, "struct kasan_track"));
	return kasan_track_parse(reading, bytes, address, ret);
}

struct dill_error *kasan_tracks_read(const struct reading *reading, dill_virt object,
				     struct track *ret_alloc, struct track *ret_free)
{
	struct heap *heap = reading->heap;
	const struct cache *cache = reading->cache;
	const struct layout *l = &heap->layout;
	uint32_t room = cache->size - cache->red_left_pad;
	uint8_t first = 0;

	*ret_alloc = *ret_free = (struct track){0};
	if (heap->tagged)
		return kasan_ring_read(reading, object, ret_alloc, ret_free);
	if (!kasan_has_shadow(heap, cache))
		return NULL;
	if (cache->kasan_alloc && cache->kasan_alloc < room)
		TRY(read_track(reading, object + cache->kasan_alloc + l->kasan_alloc_track.offset,
			       ret_alloc));
	/* The record of the free is there as long as the shadow says so. */
	TRY(findings_absorb(reading->findings, &reading->where,
			    kasan_shadow_read(heap, object, sizeof(first), &first)));
	if (first != KASAN_FREE_TRACK || cache->kasan_free >= room || !l->kasan_free_track.present)
		return NULL;
	return read_track(reading, object + cache->kasan_free + l->kasan_free_track.offset,
			  ret_free);
}

/* --- for many objects --- */

bool kasan_records_users(const struct heap *heap, const struct cache *cache)
{
	return kasan_has_shadow(heap, cache) && cache->kasan_alloc &&
	       heap->layout.kasan_alloc_track.present && heap->layout.kasan_stack.present &&
	       heap->layout.kasan_stack.size == sizeof(uint32_t);
}

/* The caller in a stack of the depot; 0 when it has none. */
static struct dill_error *caller_of(struct heap *heap, uint32_t handle, dill_virt *ret)
{
	_cleanup_(arena_freep)
	struct arena *arena = NULL;
	struct track track = {0};
	struct dill_error *error;

	if (number_map_get(&heap->kasan_callers, handle, ret))
		return NULL;
	TRY(arena_new(&arena));
	error = depot_fetch(heap, handle, arena, &track.stack, &track.stack_count);
	TRY(error_forgive(error));
	TRY(kasan_track_find_caller(heap, &track));
	*ret = track.caller;
	return number_map_put(&heap->kasan_callers, handle, track.caller);
}

struct dill_error *kasan_origin_read(struct heap *heap, const struct cache *cache,
				     struct span object, dill_virt *ret_caller, int *ret_pid,
				     bool *ret_has_pid, uint32_t *ret_stack)
{
	const struct layout *l = &heap->layout;
	struct span track =
		span_cut(object, (uint64_t)cache->kasan_alloc + l->kasan_alloc_track.offset,
			 KASAN_TRACK_MAX);
	uint32_t handle = (uint32_t)member_get(l->kasan_stack, track);

	*ret_caller = 0;
	*ret_has_pid = handle;
	*ret_stack = handle;
	if (!handle)
		return NULL; /* never recorded */
	*ret_pid = (int)member_get(l->kasan_pid, track);
	return caller_of(heap, handle, ret_caller);
}
