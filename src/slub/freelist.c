/* SPDX-License-Identifier: MIT */
#include "slub/freelist.h"

#include <inttypes.h>
#include <string.h>

#include "base/plural.h"
#include "slub/encoding.h"
#include "slub/free_pointer.h"

/* One freelist of several that are followed side by side. */
struct runner {
	const uint8_t *mapped; /* the slab's memory */
	dill_virt base, object;
};

void freelists_warm(struct heap *heap, const struct cache *cache, const struct slab *const *slabs,
		    size_t count)
{
	struct runner runners[FREELISTS_WARM_MAX];
	uint64_t size = (uint64_t)cache->objects_per_slab * cache->size;
	size_t open = 0;

	if (size < sizeof(uint64_t))
		return;
	for (size_t i = 0; i < count; i++) {
		struct runner runner = {
			kernel_map(heap->kernel, slabs[i]->base, size),
			slabs[i]->base,
			heap_untag(heap, slabs[i]->freelist),
		};

		if (runner.mapped)
			runners[open++] = runner;
	}
	/* No list is longer than a slab has objects, whatever turns in a circle. */
	for (uint32_t step = 0; open && step < cache->objects_per_slab; step++) {
		size_t still = 0;

		for (size_t i = 0; i < open; i++) {
			struct runner runner = runners[i];
			dill_virt slot = runner.object + cache->offset;
			uint64_t at = slot - runner.base, stored;

			if (at > size - sizeof(stored))
				continue; /* its end, or out of the slab: the walk will say so */
			memcpy(&stored, runner.mapped + at, sizeof(stored));
			runner.object = heap_untag(
				heap, freelist_decode(heap->encoding, cache->random, stored, slot));
			/* Nobody looks at the result: without this the compiler drops the loop. */
			__asm__ volatile("" : : "r"(runner.object));
			runners[still++] = runner;
		}
		open = still;
	}
}

/* A word of a freelist: the head, or the free pointer of an object. */
struct link {
	dill_virt slot;	 /* its address */
	uint64_t stored; /* as memory has it */
	dill_virt next;	 /* decoded */
};

/*
 * Whether one or two bits make a wrong pointer a right one: the end of the list, or an object of
 * the slab that is not on it yet. Decoding moves bits about and adds none, so that as many differ
 * in the memory.
 */
static void look_for_flips(const struct cache *cache, const struct slab *slab, const uint8_t *met,
			   dill_virt next, struct finding *finding)
{
	unsigned fewest = (unsigned)__builtin_popcountll(next);
	dill_virt nearest = 0;
	bool single = true;

	for (uint32_t i = 0; i < slab->objects; i++) {
		dill_virt object = cache_object(cache, slab->base, i);
		unsigned bits = (unsigned)__builtin_popcountll(next ^ object);

		if (met[i / 8] & 1u << i % 8 || bits > fewest)
			continue;
		single = bits < fewest;
		fewest = bits;
		nearest = object;
	}
	finding_set_flips(finding, fewest);
	if (finding && finding->flipped_bits && single)
		finding->nearest = nearest;
}

/* Say why the object that a link leads to cannot be on the list. */
static void report_bad_pointer(const struct reading *reading, const struct slab *slab,
			       const struct link *link, const char *what,
			       const struct freelist *list, const uint8_t *met)
{
	const struct finding_place *place = &reading->where;
	struct findings *findings = reading->findings;
	dill_virt end = slab->base + (uint64_t)slab->objects * reading->cache->size;
	bool outside = link->next < slab->base || link->next >= end;
	struct finding *finding;

	if (outside)
		finding = findings_add_seen(
			findings, FINDING_FREELIST_OUTSIDE, place, link->slot, link->next,
			"%s leads out of its slab 0x%" PRIx64 "-0x%" PRIx64, what, slab->base, end);
	else
		finding = findings_add_seen(findings, FINDING_FREELIST_MISALIGNED, place,
					    link->slot, link->next,
					    "%s leads to what is not the start of an object", what);
	finding_set_stored(finding, link->stored);
	look_for_flips(reading->cache, slab, met, link->next, finding);
	/* The wrong pointer was read in the last object, unless it was the list's head. */
	if (finding && list->count)
		finding->object = list->objects[list->count - 1];
}

static void report_cycle(const struct reading *reading, const struct link *link, const char *what,
			 const struct freelist *list)
{
	struct finding *finding = findings_add_seen(
		reading->findings, FINDING_FREELIST_CYCLE, &reading->where, link->slot, link->next,
		"%s comes back to 0x%" PRIx64 " after %u object%s", what, link->next, list->count,
		plural(list->count));

	finding_set_stored(finding, link->stored);
	if (finding)
		finding->object = list->objects[list->count - 1];
}

/* The stored pointer at @p slot, which lies in an object of the slab: where the target has memory
 * mapped that is all of the work. */
static struct dill_error *read_slot(struct heap *heap, const struct slab *slab,
				    const uint8_t *mapped, uint64_t size, dill_virt slot,
				    uint64_t *ret)
{
	uint64_t at = slot - slab->base;

	if (!mapped || size < sizeof(*ret) || at > size - sizeof(*ret))
		return kernel_read_u64(heap->kernel, slot, ret);
	memcpy(ret, mapped + at, sizeof(*ret));
	return NULL;
}

struct dill_error *freelist_walk(const struct reading *reading, const struct slab *slab,
				 const struct freelist_head *head, struct freelist *ret)
{
	struct heap *heap = reading->heap;
	const struct cache *cache = reading->cache;
	struct link link = {head->slot, heap_untag(heap, head->object), head->object};

	*ret = (struct freelist){0};
	if (!link.next)
		return NULL;
	if (heap->encoding == FREELIST_UNDECIDED) {
		struct encoding_sample sample = {cache, *slab, link.next};

		TRY(encoding_vote(heap, &sample, 1));
	}
	dill_virt *objects = arena_alloc_array(reading->arena, slab->objects, sizeof(*objects));
	/* One bit per object that was met, so that a circle is noticed at its first repetition. */
	uint8_t *met = arena_alloc(reading->arena, slab->objects / 8 + 1);
	uint64_t size = (uint64_t)slab->objects * cache->size;
	const uint8_t *mapped = kernel_map(heap->kernel, slab->base, size);

	if (!objects || !met)
		return error_no_memory();
	ret->objects = objects;
	while (link.next) {
		uint32_t index;

		if (!slab_object_index(cache, slab, link.next, &index)) {
			report_bad_pointer(reading, slab, &link, head->what, ret, met);
			ret->broken = true;
			return NULL;
		}
		if (met[index / 8] & 1u << index % 8) {
			report_cycle(reading, &link, head->what, ret);
			ret->broken = true;
			return NULL;
		}
		met[index / 8] |= (uint8_t)(1u << index % 8);
		objects[ret->count++] = link.next;
		link.slot = link.next + cache->offset;

		struct dill_error *error =
			read_slot(heap, slab, mapped, size, link.slot, &link.stored);

		if (error) {
			ret->broken = true;
			return findings_absorb(reading->findings, &reading->where,
					       dill_error_add_context(error, "%s", head->what));
		}
		link.next = heap_untag(heap, freelist_decode(heap->encoding, cache->random,
							     link.stored, link.slot));
	}
	return NULL;
}

void freelist_check_count(const struct reading *reading, const struct slab *slab, const char *what,
			  struct freelist *list)
{
	uint32_t expected = slab->objects - slab->inuse;

	if (list->broken || list->count == expected)
		return;
	list->broken = true;
	findings_add_values(reading->findings, FINDING_FREELIST_COUNT, &reading->where,
			    slab->address + reading->heap->layout.slab_inuse.offset, expected,
			    list->count, "%s holds %u object%s, the slab's counters say %u", what,
			    list->count, plural(list->count), expected);
}
