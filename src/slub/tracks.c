/* SPDX-License-Identifier: MIT */
#include "slub/tracks.h"

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
	ret->unknown = layout_lacks(&heap->layout, heap->layout.cache_flags) ||
		       layout_lacks(&heap->layout, heap->layout.cache_inuse) ||
		       (has_flag(heap, cache, "STORE_USER") &&
			layout_lacks(&heap->layout, heap->layout.track_addr));
	if (ret->unknown)
		return;
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

bool tracks_have_stacks(const struct heap *heap)
{
	return heap->layout.track_handle.present || heap->layout.track_addrs.present;
}

/* Return address number @index of a stack that the record itself holds; 0 behind the last. */
static dill_virt own_frame(const struct layout *l, struct span track, size_t index)
{
	size_t at = l->track_addrs.offset + index * sizeof(dill_virt);

	if (index >= l->track_addrs.size / sizeof(dill_virt) ||
	    !span_holds(track, at, sizeof(dill_virt)))
		return 0;
	return span_u64(track, at);
}

uint64_t track_stack_key(const struct heap *heap, struct span track)
{
	const struct layout *l = &heap->layout;
	uint64_t key = UINT64_C(0xcbf29ce484222325);
	dill_virt frame;
	size_t count = 0;

	if (l->track_handle.present)
		return member_get(l->track_handle, track);
	for (; (frame = own_frame(l, track, count)); count++)
		key = ((key ^ frame) * UINT64_C(0x100000001b3)) ^ (key >> 29);
	return count ? key | 1 : 0;
}

struct dill_error *track_stack_read(struct heap *heap, struct span track, struct arena *arena,
				    const dill_virt **ret, size_t *ret_count)
{
	const struct layout *l = &heap->layout;
	size_t limit = l->track_addrs.size / sizeof(dill_virt), count = 0;
	dill_virt *stack;

	if (l->track_handle.present)
		return depot_fetch(heap, (uint32_t)member_get(l->track_handle, track), arena, ret,
				   ret_count);
	stack = arena_alloc_array(arena, limit + 1, sizeof(*stack));
	if (!stack)
		return error_no_memory();
	for (; (stack[count] = own_frame(l, track, count)); count++)
		;
	*ret = stack;
	*ret_count = count;
	return NULL;
}

static struct dill_error *read_track(const struct reading *reading, dill_virt address,
				     struct track *ret)
{
	struct heap *heap = reading->heap;
	const struct layout *l = &heap->layout;
	uint8_t buffer[TRACK_MAX];
	struct span bytes = {buffer, track_size(heap)};
	struct dill_error *error = kernel_read(heap->kernel, address, buffer, bytes.size);

	if (error)
		return findings_absorb(reading->findings, &reading->where,
				       dill_error_add_context(error, "struct track"));
	*ret = (struct track){.caller = member_get(l->track_addr, bytes)};
	ret->known = ret->caller;
	if (!ret->known)
		return NULL;
	ret->cpu = (unsigned)member_get(l->track_cpu, bytes);
	ret->pid = (int)member_get(l->track_pid, bytes);
	ret->when = member_get(l->track_when, bytes);
	error = track_stack_read(heap, bytes, reading->arena, &ret->stack, &ret->stack_count);
	if (error && dill_error_code(error) == DILL_ERROR_BAD_DATA) {
		findings_add(reading->findings, FINDING_TRACK, &reading->where, address,
			     "track of an object: %s", dill_error_text(error));
		dill_error_free(error);
		return NULL;
	}
	if (error && dill_error_code(error) == DILL_ERROR_UNSUPPORTED) {
		dill_error_free(error); /* the caller is known all the same */
		return NULL;
	}
	return findings_absorb(reading->findings, &reading->where, error);
}

struct dill_error *tracks_read(const struct reading *reading, dill_virt object,
			       struct track *ret_alloc, struct track *ret_free)
{
	struct heap *heap = reading->heap;
	struct object_metadata metadata;

	*ret_alloc = *ret_free = (struct track){0};
	TRY(kasan_tracks_read(reading, object, ret_alloc, ret_free));
	object_metadata_get(heap, reading->cache, &metadata);
	if (!metadata.tracks)
		return NULL;
	TRY(read_track(reading, object + metadata.tracks, ret_alloc));
	if (ret_free->known)
		return NULL;
	return read_track(reading, object + metadata.tracks + track_size(heap), ret_free);
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
