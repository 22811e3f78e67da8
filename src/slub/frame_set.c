/* SPDX-License-Identifier: MIT */
#include "slub/frame_set.h"

#include <stdlib.h>

#define FRAME_PAGES 512u

/* The slot of a frame, or the empty one where it would be. */
static struct frame *find(const struct frame_set *set, uint64_t number)
{
	size_t at = number * UINT64_C(0x9e3779b97f4a7c15) >> 32;

	for (;; at++) {
		struct frame *slot = &set->slots[at & (set->capacity - 1)];

		if (!slot->number || slot->number == number)
			return slot;
	}
}

static uint64_t frame_of(dill_phys page)
{
	return page / DILL_PAGE_SIZE / FRAME_PAGES + 1;
}

static unsigned index_of(dill_phys page)
{
	return page / DILL_PAGE_SIZE % FRAME_PAGES;
}

/* Room for one more frame, with half of the slots empty. */
static struct dill_error *reserve(struct frame_set *set)
{
	struct frame_set larger = {.capacity = set->capacity ? set->capacity * 2 : 64};

	if (set->count * 2 < set->capacity)
		return NULL;
	larger.slots = calloc(larger.capacity, sizeof(*larger.slots));
	if (!larger.slots)
		return error_no_memory();
	for (size_t i = 0; i < set->capacity; i++)
		if (set->slots[i].number)
			*find(&larger, set->slots[i].number) = set->slots[i];
	larger.count = set->count;
	frame_set_deinit(set);
	*set = larger;
	return NULL;
}

void frame_set_deinit(struct frame_set *set)
{
	free(set->slots);
	*set = (struct frame_set){0};
}

bool frame_set_has_any(const struct frame_set *set, dill_phys page, size_t pages)
{
	for (; set->count && pages; pages--, page += DILL_PAGE_SIZE) {
		const struct frame *frame = find(set, frame_of(page));
		unsigned index = index_of(page);

		if (frame->pages[index / 64] >> index % 64 & 1)
			return true;
	}
	return false;
}

struct dill_error *frame_set_add(struct frame_set *set, dill_phys page, size_t pages)
{
	for (; pages; pages--, page += DILL_PAGE_SIZE) {
		unsigned index = index_of(page);
		struct frame *frame;

		TRY(reserve(set));
		frame = find(set, frame_of(page));
		set->count += !frame->number;
		frame->number = frame_of(page);
		frame->pages[index / 64] |= UINT64_C(1) << index % 64;
	}
	return NULL;
}
