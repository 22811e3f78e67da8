/* SPDX-License-Identifier: MIT */
#include "slub/freelist.h"

#include <string.h>

#include "base/plural.h"
#include "slub/encoding.h"

dill_virt freelist_decode(enum freelist_encoding encoding, uint64_t random, uint64_t stored,
			  dill_virt slot)
{
	switch (encoding) {
	case FREELIST_XOR:
		return stored ^ random ^ slot;
	case FREELIST_XOR_SWAPPED:
		return stored ^ random ^ __builtin_bswap64(slot);
	case FREELIST_PLAIN:
	case FREELIST_UNDECIDED:
		break;
	}
	return stored;
}

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

/* Say why @p next cannot be on the list. */
static struct finding *report_bad_pointer(const struct cache *cache, const struct slab *slab,
					  dill_virt next, dill_virt slot, const char *what,
					  const struct finding_place *place,
					  struct findings *findings)
{
	dill_virt end = slab->base + (uint64_t)slab->objects * cache->size;

	if (next < slab->base || next >= end)
		return findings_add_seen(findings, FINDING_FREELIST_OUTSIDE, place, slot, next,
					 "%s leads to %#lx, out of its slab %#lx-%#lx", what,
					 (unsigned long)next, (unsigned long)slab->base,
					 (unsigned long)end);
	return findings_add_seen(findings, FINDING_FREELIST_MISALIGNED, place, slot, next,
				 "%s leads to %#lx, which is not the start of an object", what,
				 (unsigned long)next);
}

/* The wrong pointer was read in the last object, unless it was the list's head. */
static void blame(struct finding *finding, const struct freelist *list)
{
	if (finding && list->count)
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

struct dill_error *freelist_walk(struct heap *heap, const struct cache *cache,
				 const struct slab *slab, dill_virt head, const char *what,
				 const struct finding_place *place, struct arena *arena,
				 struct findings *findings, struct freelist *ret)
{
	dill_virt object = heap_untag(heap, head),
		  slot = slab->address + heap->layout.slab_freelist.offset;

	*ret = (struct freelist){0};
	if (!head)
		return NULL;
	if (heap->encoding == FREELIST_UNDECIDED) {
		struct encoding_sample sample = {cache, *slab, head};

		TRY(encoding_vote(heap, &sample, 1));
	}
	dill_virt *objects = arena_alloc_array(arena, slab->objects, sizeof(*objects));
	/* One bit per object that was met, so that a circle is noticed at its first repetition. */
	uint8_t *met = arena_alloc(arena, slab->objects / 8 + 1);
	uint64_t size = (uint64_t)slab->objects * cache->size;
	const uint8_t *mapped = kernel_map(heap->kernel, slab->base, size);

	if (!objects || !met)
		return error_no_memory();
	ret->objects = objects;
	while (object) {
		uint32_t index;
		uint64_t stored;

		if (!slab_object_index(cache, slab, object, &index)) {
			blame(report_bad_pointer(cache, slab, object, slot, what, place, findings),
			      ret);
			ret->broken = true;
			return NULL;
		}
		if (met[index / 8] & 1u << index % 8) {
			blame(findings_add_seen(findings, FINDING_FREELIST_CYCLE, place, slot,
						object, "%s comes back to %#lx after %u object%s",
						what, (unsigned long)object, ret->count,
						plural(ret->count)),
			      ret);
			ret->broken = true;
			return NULL;
		}
		met[index / 8] |= (uint8_t)(1u << index % 8);
		objects[ret->count++] = object;
		slot = object + cache->offset;

		struct dill_error *error = read_slot(heap, slab, mapped, size, slot, &stored);

		if (error) {
			ret->broken = true;
			return findings_absorb(findings, place,
					       dill_error_add_context(error, "%s", what));
		}
		object = heap_untag(heap,
				    freelist_decode(heap->encoding, cache->random, stored, slot));
	}
	return NULL;
}
