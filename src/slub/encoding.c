/* SPDX-License-Identifier: MIT */
#include "slub/encoding.h"

#include "slub/free_pointer.h"

/* Caches that are asked; a handful decides, the rest outvotes broken ones. */
#define SAMPLES_MAX 64
/* Where each byte of the target costs. */
#define SAMPLES_SLOW 4

/* Could this be the successor of a free object of the slab? */
static bool fits(const struct heap *heap, const struct encoding_sample *sample, dill_virt next)
{
	uint32_t index;

	return next == 0 ||
	       slab_object_index(sample->cache, &sample->slab, heap_untag(heap, next), &index);
}

/* NULL for a read that merely failed, with *ret_ok false. */
static struct dill_error *pass_over(struct dill_error *error, bool *ret_ok)
{
	*ret_ok = !error;
	return error_forgive(error);
}

struct dill_error *encoding_vote(struct heap *heap, const struct encoding_sample *samples,
				 size_t count)
{
	size_t straight_votes = 0, swapped_votes = 0;

	if (heap->encoding != FREELIST_UNDECIDED)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		uint64_t random = samples[i].cache->random, stored;
		dill_virt slot = heap_untag(heap, samples[i].object) + samples[i].cache->offset;
		bool ok;

		TRY(pass_over(kernel_read_u64(heap->kernel, slot, &stored), &ok));
		if (!ok)
			continue;
		bool straight = fits(heap, &samples[i],
				     freelist_decode(FREELIST_XOR, random, stored, slot));
		bool swapped = fits(heap, &samples[i],
				    freelist_decode(FREELIST_XOR_SWAPPED, random, stored, slot));

		straight_votes += straight && !swapped;
		swapped_votes += swapped && !straight;
	}
	if (straight_votes != swapped_votes)
		heap->encoding =
			straight_votes > swapped_votes ? FREELIST_XOR : FREELIST_XOR_SWAPPED;
	return NULL;
}

/* Take the slab at @p address as a sample; *ret_ok when it is one with a free object. */
static struct dill_error *take_slab(const struct reading *reading, dill_virt address,
				    struct encoding_tally *tally, struct encoding_sample *ret,
				    bool *ret_ok)
{
	ret->cache = reading->cache;
	TRY(slab_read(reading, address, NULL, &ret->slab));
	ret->object = ret->slab.freelist;
	tally->slabs++;
	tally->slabs_good += ret->slab.usable;
	*ret_ok = ret->slab.usable && ret->object;
	return NULL;
}

/* First slab on the partial list of the cache's first node that has a good one. */
static struct dill_error *first_partial(const struct reading *reading, struct encoding_tally *tally,
					struct encoding_sample *ret, bool *ret_ok)
{
	struct heap *heap = reading->heap;
	const struct cache *cache = reading->cache;
	const struct layout *l = &heap->layout;

	*ret_ok = false;
	for (uint32_t n = 0; n < cache->node_limit && !*ret_ok; n++) {
		dill_virt head = cache->nodes[n] + l->node_partial.offset, next;
		bool read;

		if (!cache->nodes[n])
			continue;
		TRY(pass_over(kernel_read_u64(heap->kernel, head + l->list_next.offset, &next),
			      &read));
		if (read && next != head)
			TRY(take_slab(reading, next - l->slab_list.offset, tally, ret, ret_ok));
	}
	return NULL;
}

/* On a quiet machine with per-CPU slabs nodes may have none: then the first slab of a CPU. */
static struct dill_error *first_cpu_slab(const struct reading *reading,
					 struct encoding_tally *tally, struct encoding_sample *ret,
					 bool *ret_ok)
{
	struct heap *heap = reading->heap;
	const struct cache *cache = reading->cache;
	const struct layout *l = &heap->layout;

	*ret_ok = false;
	for (unsigned cpu = 0; cpu < kernel_cpu_limit(heap->kernel) && !*ret_ok; cpu++) {
		dill_virt at = kernel_percpu_address(heap->kernel, cache->cpu_slab, cpu);
		dill_virt slab, object;
		bool read;

		if (!kernel_cpu_possible(heap->kernel, cpu))
			continue;
		TRY(pass_over(kernel_read_u64(heap->kernel, at + l->cpu_slab.offset, &slab),
			      &read));
		if (!read || !slab)
			continue;
		TRY(pass_over(kernel_read_u64(heap->kernel, at + l->cpu_freelist.offset, &object),
			      &read));
		TRY(take_slab(reading, slab, tally, ret, ret_ok));
		ret->object = object;
		*ret_ok = ret->slab.usable && read && object;
	}
	return NULL;
}

static struct dill_error *prefetch_nodes(struct heap *heap, const struct cache_list *caches)
{
	dill_virt addresses[SAMPLES_MAX];
	size_t count = caches->count < SAMPLES_MAX ? caches->count : SAMPLES_MAX;

	for (size_t i = 0; i < count; i++)
		addresses[i] = caches->items[i].node_limit ? caches->items[i].nodes[0] : 0;
	return kernel_prefetch(heap->kernel, addresses, count);
}

/* A partial slab each of many caches, with a free object when it is usable; counted in *tally. */
static struct dill_error *collect(struct heap *heap, const struct cache_list *caches,
				  struct encoding_sample *samples, size_t *ret_count,
				  struct encoding_tally *tally)
{
	dill_virt addresses[SAMPLES_MAX];
	_cleanup_(arena_freep)
	struct arena *arena = NULL;
	size_t used = 0,
	       most = target_is_slow(kernel_target(heap->kernel)) ? SAMPLES_SLOW : SAMPLES_MAX;

	TRY(arena_new(&arena));
	struct findings untold = FINDINGS_MUTED;
	const struct reading all = reading_start(heap, CONTENTS_COUNTS, arena, &untold);

	TRY(prefetch_nodes(heap, caches));
	for (size_t i = 0; i < caches->count && used < most; i++) {
		const struct cache *cache = &caches->items[i];
		const struct reading reading = reading_of(&all, cache);
		bool ok = false;

		if (cache->usable)
			TRY(first_partial(&reading, tally, &samples[used], &ok));
		if (cache->usable && !ok && cache->cpu_slab)
			TRY(first_cpu_slab(&reading, tally, &samples[used], &ok));
		if (!ok)
			continue;
		addresses[used] = samples[used].object + cache->offset;
		used++;
	}
	*ret_count = used;
	return kernel_prefetch(heap->kernel, addresses, used);
}

struct dill_error *encoding_learn(struct heap *heap, const struct cache_list *caches)
{
	struct encoding_sample samples[SAMPLES_MAX];
	struct encoding_tally tally = {0};
	size_t count;

	if (heap->encoding != FREELIST_UNDECIDED)
		return NULL;
	TRY(collect(heap, caches, samples, &count, &tally));
	return encoding_vote(heap, samples, count);
}

struct dill_error *encoding_try(struct heap *heap, const struct cache_list *caches,
				struct encoding_tally *ret)
{
	struct encoding_sample samples[SAMPLES_MAX];
	size_t count;

	*ret = (struct encoding_tally){0};
	TRY(collect(heap, caches, samples, &count, ret));
	TRY(encoding_vote(heap, samples, count));
	for (size_t i = 0; i < count; i++) {
		dill_virt slot = heap_untag(heap, samples[i].object) + samples[i].cache->offset;
		uint64_t stored;
		bool ok;

		TRY(pass_over(kernel_read_u64(heap->kernel, slot, &stored), &ok));
		if (!ok)
			continue;
		ret->pointers++;
		ret->pointers_good += fits(
			heap, &samples[i],
			freelist_decode(heap->encoding, samples[i].cache->random, stored, slot));
	}
	return NULL;
}
