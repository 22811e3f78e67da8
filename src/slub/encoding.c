/* SPDX-License-Identifier: MIT */
#include "slub/encoding.h"

/* Caches that are asked; a handful decides, the rest outvotes broken ones. */
#define SAMPLES_MAX 64

/* Could this be the successor of a free object of the slab? */
static bool fits(const struct encoding_sample *sample, dill_virt next)
{
	uint32_t index;

	return next == 0 || slab_object_index(sample->cache, &sample->slab, next, &index);
}

/* NULL for a read that merely failed, with *ret_ok false. */
static struct dill_error *pass_over(struct dill_error *error, bool *ret_ok)
{
	*ret_ok = !error;
	if (error && error_is_fatal(error))
		return error;
	dill_error_free(error);
	return NULL;
}

struct dill_error *encoding_vote(struct heap *heap, const struct encoding_sample *samples,
				 size_t count)
{
	size_t straight_votes = 0, swapped_votes = 0;

	if (heap->encoding != FREELIST_UNDECIDED)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		uint64_t random = samples[i].cache->random, stored;
		dill_virt slot = samples[i].object + samples[i].cache->offset;
		bool ok;

		TRY(pass_over(kernel_read_u64(heap->kernel, slot, &stored), &ok));
		if (!ok)
			continue;
		bool straight =
			fits(&samples[i], freelist_decode(FREELIST_XOR, random, stored, slot));
		bool swapped = fits(&samples[i],
				    freelist_decode(FREELIST_XOR_SWAPPED, random, stored, slot));

		straight_votes += straight && !swapped;
		swapped_votes += swapped && !straight;
	}
	if (straight_votes != swapped_votes)
		heap->encoding =
			straight_votes > swapped_votes ? FREELIST_XOR : FREELIST_XOR_SWAPPED;
	return NULL;
}

/* First slab on the partial list of the cache's first node that has one; *ret_ok says whether there
 * is one. */
static struct dill_error *first_partial(struct heap *heap, const struct cache *cache,
					struct findings *scratch, struct encoding_sample *ret,
					bool *ret_ok)
{
	const struct layout *l = &heap->layout;
	struct finding_place place = {.cpu = -1, .node = -1};

	for (uint32_t n = 0; n < cache->node_limit; n++) {
		dill_virt head = cache->nodes[n] + l->node_partial.offset, next;

		*ret_ok = false;
		if (!cache->nodes[n])
			continue;
		TRY(pass_over(kernel_read_u64(heap->kernel, head + l->list_next.offset, &next),
			      ret_ok));
		if (!*ret_ok || next == head)
			continue;
		TRY(slab_read(heap, cache, next - l->slab_list.offset, &place, scratch,
			      &ret->slab));
		ret->cache = cache;
		ret->object = ret->slab.freelist;
		*ret_ok = ret->slab.usable && ret->object;
		if (*ret_ok)
			return NULL;
	}
	*ret_ok = false;
	return NULL;
}

struct dill_error *encoding_learn(struct heap *heap, const struct cache_list *caches)
{
	struct encoding_sample samples[SAMPLES_MAX];
	dill_virt addresses[SAMPLES_MAX];
	_cleanup_(arena_freep)
	struct arena *arena = NULL;
	size_t used = 0;

	if (heap->encoding != FREELIST_UNDECIDED)
		return NULL;
	TRY(arena_new(&arena));
	struct findings scratch = {.arena = arena};

	for (size_t i = 0; i < caches->count && i < SAMPLES_MAX; i++)
		addresses[i] = caches->items[i].node_limit ? caches->items[i].nodes[0] : 0;
	TRY(kernel_prefetch(heap->kernel, addresses,
			    caches->count < SAMPLES_MAX ? caches->count : SAMPLES_MAX));
	for (size_t i = 0; i < caches->count && used < SAMPLES_MAX; i++) {
		bool ok = false;

		if (caches->items[i].usable)
			TRY(first_partial(heap, &caches->items[i], &scratch, &samples[used], &ok));
		if (!ok)
			continue;
		addresses[used] = samples[used].object + caches->items[i].offset;
		used++;
	}
	TRY(kernel_prefetch(heap->kernel, addresses, used));
	return encoding_vote(heap, samples, used);
}
