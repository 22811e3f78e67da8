/* SPDX-License-Identifier: MIT */
#ifndef SLUB_FRAME_SET_H
#define SLUB_FRAME_SET_H

#include <dill/target.h>

#include "base/error.h"

/** A part of physical memory, of which single pages are known. */
struct frame {
	uint64_t number; /* of the frame, plus 1; 0 = an empty slot */
	uint64_t pages[8];
};

/** A set of physical pages; {0} is an empty one. Compact for pages that follow each other. */
struct frame_set {
	struct frame *slots; /* a hash table with open addressing */
	size_t capacity, count;
};

void frame_set_deinit(struct frame_set *set);

/** True when one of the pages from @p page on is in the set. */
bool frame_set_has_any(const struct frame_set *set, dill_phys page, size_t pages);

/** Add @p pages pages from @p page on. NULL or NO_MEMORY */
DILL_MUST_CHECK struct dill_error *frame_set_add(struct frame_set *set, dill_phys page,
						 size_t pages);

#endif
