/* SPDX-License-Identifier: MIT */
#ifndef SLUB_SLAB_LIST_H
#define SLUB_SLAB_LIST_H

#include "slub/freelist.h"

/** A slab of a list with the freelist that is stored in it. */
struct listed_slab {
	struct slab slab;
	dill_virt slot; /**< address of the pointer that leads to it, on a CPU's list; else 0 */
	struct freelist freelist;
};

struct slab_list {
	struct listed_slab *items;
	size_t count;
	bool broken; /**< the list has a finding: there may be more */
};

/** Freelists of the slabs of a list, and whether their lengths fit the counters. */
DILL_MUST_CHECK struct dill_error *slab_list_walk(const struct reading *reading,
						  struct slab_list *list);

#endif
