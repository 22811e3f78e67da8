/* SPDX-License-Identifier: MIT */
#include "slub/kasan_ring.h"

#include <string.h>

#include "slub/kasan_track.h"

/*
 * With tags, KASAN has no room behind objects: the last allocations and frees of all of them stand
 * in one ring, and older ones are forgotten. Source: mm/kasan/tags.c struct kasan_stack_ring, since
 * 6.1; the search of report_tags.c.
 */

/* Entries that are believed of a ring: kasan.stack_ring_size is 32768 unless set. */
#define ENTRIES_MAX (UINT64_C(1) << 24)
/* More than an entry has. */
#define ENTRY_MAX 128u
/* Read together. */
#define CHUNK_BYTES 16384u

struct ring {
	uint64_t size; /* entries */
	uint64_t next; /* number of the one that will be written next, counted from boot */
	dill_virt entries;
};

struct seeker {
	struct heap *heap;
	dill_virt object;
	bool found[2]; /* by is_free */
	uint8_t tracks[2][ENTRY_MAX];
};

static bool known(const struct layout *l)
{
	return l->ring_size.present && l->ring_pos.present && l->ring_entries.present &&
	       l->ring_ptr.present && l->ring_track.present && l->ring_is_free.present &&
	       l->ring_entry_struct_size && l->ring_entry_struct_size <= ENTRY_MAX;
}

static struct dill_error *read_ring(struct heap *heap, dill_virt symbol, struct ring *ret)
{
	const struct layout *l = &heap->layout;

	TRY(kernel_read_u64(heap->kernel, symbol + l->ring_size.offset, &ret->size));
	TRY(kernel_read_u64(heap->kernel, symbol + l->ring_pos.offset, &ret->next));
	return kernel_read_u64(heap->kernel, symbol + l->ring_entries.offset, &ret->entries);
}

/* Keep the entry when it is the newest of its kind about the object. */
static void look_at(struct seeker *seeker, struct span entry)
{
	const struct layout *l = &seeker->heap->layout;
	bool is_free = member_get(l->ring_is_free, entry);

	if (seeker->found[is_free] ||
	    heap_untag(seeker->heap, member_get(l->ring_ptr, entry)) != seeker->object)
		return;
	seeker->found[is_free] = true;
	memcpy(seeker->tracks[is_free], entry.data, entry.size);
}

/* Entries number @p first to @p first + @p count - 1 of the array, from the last on. */
static struct dill_error *look_in(struct seeker *seeker, const struct ring *ring, uint64_t first,
				  uint64_t count)
{
	size_t size = (size_t)seeker->heap->layout.ring_entry_struct_size;
	uint64_t together = CHUNK_BYTES / size;
	uint8_t buffer[CHUNK_BYTES];

	while (count && !(seeker->found[0] && seeker->found[1])) {
		uint64_t now = count < together ? count : together;

		count -= now;
		TRY(target_check_interrupt(kernel_target(seeker->heap->kernel)));
		TRY(kernel_read(seeker->heap->kernel, ring->entries + (first + count) * size,
				buffer, (size_t)now * size));
		for (uint64_t i = now; i--;)
			look_at(seeker, (struct span){buffer + i * size, size});
	}
	return NULL;
}

static struct dill_error *seek(struct seeker *seeker, const struct ring *ring)
{
	uint64_t at = ring->size ? ring->next % ring->size : 0;

	TRY(look_in(seeker, ring, 0, at));
	/* Behind it are the oldest, when all of the ring has been written. */
	return ring->next > ring->size ? look_in(seeker, ring, at, ring->size - at) : NULL;
}

struct dill_error *kasan_ring_read(const struct reading *reading, dill_virt object,
				   struct track *ret_alloc, struct track *ret_free)
{
	struct heap *heap = reading->heap;
	const struct layout *l = &heap->layout;
	struct seeker seeker = {.heap = heap, .object = object};
	struct track *const tracks[] = {ret_alloc, ret_free};
	struct dill_error *error;
	struct ring ring;
	dill_virt symbol;

	if (!known(l) || !kernel_has_symbol(heap->kernel, "stack_ring", &symbol))
		return NULL;
	error = read_ring(heap, symbol, &ring);
	if (!error && ring.size <= ENTRIES_MAX)
		error = seek(&seeker, &ring);
	if (error)
		return findings_absorb(reading->findings, &reading->where,
				       dill_error_add_context(error, "KASAN's ring of stacks"));
	for (int i = 0; i < 2; i++)
		if (seeker.found[i])
			TRY(kasan_track_parse(reading,
					      span_cut((struct span){seeker.tracks[i], ENTRY_MAX},
						       l->ring_track.offset,
						       l->kasan_track_struct_size),
					      symbol, tracks[i]));
	return NULL;
}
