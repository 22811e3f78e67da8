/* SPDX-License-Identifier: MIT */
#include "store/slab_births.h"

struct slab_birth {
	uint32_t seen;	  /* objects with an event */
	uint32_t process; /* of the first */
	uint64_t first_ns, last_ns, first_sequence;
	uint64_t alive;
	bool shared; /* somebody else had one first, or it was there before the watch */
};

struct dill_error *slab_births_init(struct slab_births *births, uint32_t count)
{
	births->slabs = calloc((size_t)count + 1, sizeof(*births->slabs));
	births->count = count;
	return births->slabs ? NULL : error_no_memory();
}

void slab_births_deinit(struct slab_births *births)
{
	free(births->slabs);
	*births = (struct slab_births){0};
}

void slab_births_note(struct slab_births *births, const struct stored_event *event,
		      struct address_slot *slot, uint32_t process)
{
	struct slab_birth *birth;

	if (event->slab == STORED_NONE || slot->slab == event->slab + 1)
		return;
	slot->slab = event->slab + 1;
	birth = &births->slabs[event->slab];
	if (!birth->seen++) {
		birth->process = process;
		birth->first_ns = event->time_ns;
		birth->first_sequence = event->sequence;
	}
	birth->last_ns = event->time_ns;
	if (event->kind != TRACE_ALLOC || process != birth->process)
		birth->shared = true;
}

void slab_births_alive(struct slab_births *births, uint32_t slab)
{
	births->slabs[slab].alive++;
}

static int compare(const void *a, const void *b)
{
	uint64_t first = ((const struct trace_filled_slab *)a)->first_sequence;
	uint64_t second = ((const struct trace_filled_slab *)b)->first_sequence;

	return first < second ? -1 : first > second;
}

struct dill_error *slab_births_collect(const struct slab_births *births,
				       struct trace_totals *totals)
{
	for (uint32_t i = 0; i < births->count; i++) {
		const struct slab_birth *birth = &births->slabs[i];
		struct trace_filled_slab filled = {
			.slab = i,
			.process = birth->process,
			.first_ns = birth->first_ns,
			.last_ns = birth->last_ns,
			.first_sequence = birth->first_sequence,
			.alive = birth->alive,
		};

		if (birth->shared || birth->seen < 2 ||
		    birth->seen != totals->names.slabs[i].objects)
			continue;
		TRY(array_push(&totals->filled_slabs, filled));
	}
	if (totals->filled_slabs.count)
		qsort(totals->filled_slabs.items, totals->filled_slabs.count,
		      sizeof(*totals->filled_slabs.items), compare);
	return NULL;
}
