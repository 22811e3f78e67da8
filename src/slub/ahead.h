/* SPDX-License-Identifier: MIT */
#ifndef SLUB_AHEAD_H
#define SLUB_AHEAD_H

#include "slub/place.h"

/** How many allocations come before a free object gets its turn, if nothing is freed meanwhile. */
struct ahead {
	bool known;	 /**< false: never by itself, it waits for something else to happen first */
	bool exact;	 /**< false: @p count is the least it can be */
	int cpu;	 /**< on which CPU */
	uint64_t count;	 /**< allocations from this cache on that CPU */
	const char *how; /**< why it is not exact or not known, for people; NULL when exact */
};

/**
 * Count what a CPU hands out before the object at @p place.
 *
 * Exact for what the CPU holds itself. What lies in a barn or on a node's list goes to the CPU that
 * comes there first: then the CPU with the fewest objects of its own is named, with their number.
 *
 * @param contents  of the object's cache, read with CONTENTS_FREELISTS
 */
void ahead_count(const struct contents *contents, const struct place *place, struct ahead *ret);

#endif
