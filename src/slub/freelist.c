/* SPDX-License-Identifier: MIT */
#include "slub/freelist.h"

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

struct dill_error *freelist_walk(struct heap *heap, const struct cache *cache,
				 const struct slab *slab, dill_virt head, const char *what,
				 const struct finding_place *place, struct arena *arena,
				 struct findings *findings, struct freelist *ret)
{
	dill_virt object = head, slot = slab->address + heap->layout.slab_freelist.offset;

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

		struct dill_error *error = kernel_read_u64(heap->kernel, slot, &stored);

		if (error) {
			ret->broken = true;
			return findings_absorb(findings, place,
					       dill_error_add_context(error, "%s", what));
		}
		object = freelist_decode(heap->encoding, cache->random, stored, slot);
	}
	return NULL;
}
