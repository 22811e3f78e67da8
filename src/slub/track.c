/* SPDX-License-Identifier: MIT */
#include "slub/track.h"

#include "slub/depot.h"
#include "slub/kasan.h"

/* More than sizeof(struct track) of any configuration. */
#define TRACK_MAX 256u

static bool has_flag(const struct heap *heap, const struct cache *cache, const char *name)
{
	return cache->flags & layout_flag(&heap->layout, name);
}

/* Size of a struct track; 0 when this kernel's is none that could be read. */
static uint32_t track_size(const struct heap *heap)
{
	uint64_t size = heap->layout.track_struct_size;

	return heap->layout.track_addr.present && size <= TRACK_MAX ? (uint32_t)size : 0;
}

/*
 * The free pointer lies in front of the metadata when it is outside of the object. The requested
 * size follows the tracks; its width changed (unsigned int to 6.19, unsigned long since), of which
 * the lower half is the same in both.
 */
void object_metadata_get(const struct heap *heap, const struct cache *cache,
			 struct object_metadata *ret)
{
	uint32_t at = cache->inuse + (cache->offset >= cache->inuse ? 8 : 0);
	uint32_t room = cache->size - cache->red_left_pad, tracks = 2 * track_size(heap);

	*ret = (struct object_metadata){.end = at};
	if (!has_flag(heap, cache, "STORE_USER") || at > room || tracks > room - at)
		return;
	if (tracks)
		ret->tracks = at;
	at += tracks;
	if (tracks && has_flag(heap, cache, "KMALLOC") && room - at >= 8) {
		ret->orig_size = at;
		at += 8;
	}
	ret->end = at;
}

static struct dill_error *read_stack(struct heap *heap, struct span bytes, struct arena *arena,
				     struct track *ret)
{
	const struct layout *l = &heap->layout;
	size_t limit = l->track_addrs.size / sizeof(dill_virt);
	dill_virt *stack;

	if (l->track_handle.present)
		return depot_fetch(heap, (uint32_t)member_get(l->track_handle, bytes), arena,
				   &ret->stack, &ret->stack_count);
	stack = arena_alloc_array(arena, limit + 1, sizeof(*stack));
	if (!stack)
		return error_no_memory();
	for (; ret->stack_count < limit; ret->stack_count++) {
		size_t at = l->track_addrs.offset + ret->stack_count * sizeof(*stack);

		if (!span_holds(bytes, at, sizeof(*stack)) || !span_u64(bytes, at))
			break;
		stack[ret->stack_count] = span_u64(bytes, at);
	}
	ret->stack = stack;
	return NULL;
}

static struct dill_error *read_track(struct heap *heap, dill_virt address,
				     const struct finding_place *place, struct arena *arena,
				     struct findings *findings, struct track *ret)
{
	const struct layout *l = &heap->layout;
	uint8_t buffer[TRACK_MAX];
	struct span bytes = {buffer, track_size(heap)};
	struct dill_error *error = kernel_read(heap->kernel, address, buffer, bytes.size);

	if (error)
		return findings_absorb(findings, place,
				       dill_error_add_context(error, "struct track"));
	*ret = (struct track){.caller = member_get(l->track_addr, bytes)};
	ret->known = ret->caller;
	if (!ret->known)
		return NULL;
	ret->cpu = (unsigned)member_get(l->track_cpu, bytes);
	ret->pid = (int)member_get(l->track_pid, bytes);
	ret->when = member_get(l->track_when, bytes);
	error = read_stack(heap, bytes, arena, ret);
	if (error && dill_error_code(error) == DILL_ERROR_BAD_DATA) {
		findings_add(findings, FINDING_TRACK, place, address, "track of an object: %s",
			     dill_error_text(error));
		dill_error_free(error);
		return NULL;
	}
	if (error && dill_error_code(error) == DILL_ERROR_UNSUPPORTED) {
		dill_error_free(error); /* the caller is known all the same */
		return NULL;
	}
	return findings_absorb(findings, place, error);
}

struct dill_error *tracks_read(struct heap *heap, const struct cache *cache, dill_virt object,
			       const struct finding_place *place, struct arena *arena,
			       struct findings *findings, struct track *ret_alloc,
			       struct track *ret_free)
{
	struct object_metadata metadata;

	*ret_alloc = *ret_free = (struct track){0};
	TRY(kasan_tracks_read(heap, cache, object, place, arena, findings, ret_alloc, ret_free));
	object_metadata_get(heap, cache, &metadata);
	if (!metadata.tracks)
		return NULL;
	TRY(read_track(heap, object + metadata.tracks, place, arena, findings, ret_alloc));
	if (ret_free->known)
		return NULL;
	return read_track(heap, object + metadata.tracks + track_size(heap), place, arena, findings,
			  ret_free);
}

struct dill_error *requested_size_read(struct heap *heap, const struct cache *cache,
				       dill_virt object, uint32_t *ret, bool *ret_known)
{
	struct object_metadata metadata;

	*ret = 0;
	object_metadata_get(heap, cache, &metadata);
	*ret_known = metadata.orig_size;
	return metadata.orig_size
		       ? kernel_read(heap->kernel, object + metadata.orig_size, ret, sizeof(*ret))
		       : NULL;
}
