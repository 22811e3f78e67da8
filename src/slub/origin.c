/* SPDX-License-Identifier: MIT */
#include "slub/origin.h"

#include "slub/alloc_tag.h"
#include "slub/kasan.h"

void origin_reader_init(struct heap *heap, const struct cache *cache, struct origin_reader *ret)
{
	*ret = (struct origin_reader){
		.heap = heap, .cache = cache, .has_tags = alloc_tags_exist(heap)};
	if (!cache->usable)
		return;
	object_metadata_get(heap, cache, &ret->metadata);
	ret->has_kasan = !ret->metadata.tracks && kasan_records_users(heap, cache);
}

static void read_track(const struct origin_reader *reader, struct span track, struct origin *ret)
{
	const struct layout *l = &reader->heap->layout;

	ret->address = member_get(l->track_addr, track);
	if (!ret->address)
		return; /* never recorded */
	ret->kind = ORIGIN_CALLER;
	ret->has_pid = ret->has_track = true;
	ret->cpu = (unsigned)member_get(l->track_cpu, track);
	ret->pid = (int)member_get(l->track_pid, track);
	ret->when = member_get(l->track_when, track);
	ret->track = track;
}

struct dill_error *origin_read(const struct origin_reader *reader, const struct slab *slab,
			       struct span bytes, uint32_t index, struct origin *ret)
{
	const struct cache *cache = reader->cache;
	uint64_t start = (uint64_t)index * cache->size + cache->red_left_pad;
	struct span object = span_cut(bytes, start, cache->size - cache->red_left_pad);

	*ret = (struct origin){0};
	if (reader->metadata.orig_size && span_holds(object, reader->metadata.orig_size, 4)) {
		ret->requested = span_u32(object, reader->metadata.orig_size);
		ret->has_requested = ret->requested <= cache->object_size; /* else forged */
	}
	if (reader->metadata.tracks)
		read_track(reader,
			   span_cut(object, reader->metadata.tracks,
				    reader->heap->layout.track_struct_size),
			   ret);
	if (reader->has_kasan) {
		TRY(kasan_origin_read(reader->heap, cache, object, &ret->address, &ret->pid,
				      &ret->has_pid, &ret->depot_stack));
		ret->kind = ret->address ? ORIGIN_CALLER : ORIGIN_NONE;
	}
	if (ret->kind != ORIGIN_NONE || !reader->has_tags)
		return NULL;
	TRY(alloc_tag_find(reader->heap, cache, slab, index, &ret->address));
	ret->kind = ret->address ? ORIGIN_TAG : ORIGIN_NONE;
	return NULL;
}
