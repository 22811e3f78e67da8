/* SPDX-License-Identifier: MIT */
#ifndef SLUB_AGAIN_H
#define SLUB_AGAIN_H

#include "slub/finding.h"
#include "slub/heap.h"

/** How often lists of a running system are read before what does not fit is told. */
#define AGAIN_MAX 4u

/**
 * Lists of a system that runs while they are read may be torn: half of before a change, half of
 * after it. So what does not fit is read anew, a few times. On a target at rest once is enough.
 *
 *     _cleanup_(again_end)
 *     struct again again = again_start(heap, findings);
 *     do
 *             TRY(...read, adding to findings...);
 *     while (again_needed(&again));
 *
 * Inside of such a loop another one reads once: what does not fit there makes the outer one go on.
 */
struct again {
	struct heap *heap;
	struct findings *findings;
	struct findings_mark mark;
	unsigned reads;
	bool is_inner;
};

struct again again_start(struct heap *heap, struct findings *findings);
void again_end(struct again *again);

/**
 * True when what has been read since the start should be read once more; what was found then is
 * forgotten, and so is the memory that was read, and where it lies.
 */
bool again_needed(struct again *again);

#endif
