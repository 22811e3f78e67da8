/* SPDX-License-Identifier: MIT */
#ifndef SLUB_CIRCLE_H
#define SLUB_CIRCLE_H

#include "slub/heap.h"

/**
 * Notices that a chain of the target turns in a circle, without a second look at its links and
 * after at most a few turns (R. P. Brent, 1980: "An improved Monte Carlo factorization algorithm").
 * {0} for a new chain.
 */
struct circle {
	dill_virt mark; /* an earlier link */
	size_t steps, limit;
};

/** Tell the next link of the chain, which is not 0; true when it leads back to an earlier one. */
static inline bool circle_closes(struct circle *circle, dill_virt link)
{
	if (link == circle->mark)
		return true;
	if (circle->steps++ == circle->limit) { /* look for this one from now on, twice as long */
		circle->mark = link;
		circle->steps = 0;
		circle->limit = circle->limit * 2 + 1;
	}
	return false;
}

#endif
