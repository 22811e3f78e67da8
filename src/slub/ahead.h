/* SPDX-License-Identifier: MIT */
#ifndef SLUB_AHEAD_H
#define SLUB_AHEAD_H

#include "slub/order.h"

/** How many allocations come before a free object gets its turn, if nothing is freed meanwhile. */
struct ahead {
	bool known; /**< false: never by itself, it waits for something else to happen first */
	bool exact; /**< false: something else decides whether it comes to @p count */
	int cpu;    /**< on which CPU; of several that can get it, the one that it is nearest to */
	uint64_t count;	 /**< allocations from this cache on that CPU */
	const char *how; /**< what that depends on, or why it is not known, for people; or NULL */
};

/**
 * Count what a CPU hands out before the object at @p place: its position in order_predict().
 *
 * What the CPU holds itself is as certain as there. What lies in a barn or on a node's list goes to
 * the CPU that comes there first: then the count is not exact, unless only one CPU is online, or no
 * CPU of the node takes more than one object at a time (ORDER_SLABS).
 *
 * @param contents  of the object's cache, read with CONTENTS_FREELISTS
 * @param arena     holds the texts
 * @return NULL; fatal errors
 */
DILL_MUST_CHECK struct dill_error *ahead_find(struct heap *heap, const struct contents *contents,
					      dill_virt object, const struct place *place,
					      struct arena *arena, struct ahead *ret);

#endif
