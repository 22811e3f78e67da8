/* SPDX-License-Identifier: MIT */
#ifndef TARGET_EXTENTS_H
#define TARGET_EXTENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/array.h"

/**
 * Where ranges of one address space lie in another one: physical memory in a dump, a dump in its
 * file. Ranges may be added in any order and overlap, as files are free to claim; after
 * extents_settle() they do not.
 */
struct extent {
	uint64_t start, size; /**< never empty, never past the end of the address space */
	uint64_t source;      /**< where its first byte lies */
	uint64_t rank;	      /**< of several at one place the lowest counts */
};

struct extents {
	ARRAY(struct extent) list; /**< once settled: in order, without overlaps */
};

/** Which of two ranges at one place counts. */
enum extents_order { EXTENTS_FIRST_COUNTS, EXTENTS_LAST_COUNTS };

/**
 * Add a range; empty ones are left out.
 * @return NULL; BAD_DATA when it, or its source, ends past the last address; NO_MEMORY
 */
DILL_MUST_CHECK struct dill_error *extents_add(struct extents *extents, uint64_t start,
					       uint64_t size, uint64_t source);

/** Sort, cut what overlaps, join what follows each other. In n log n, whatever was added. */
DILL_MUST_CHECK struct dill_error *extents_settle(struct extents *extents,
						  enum extents_order order);

/** The range that holds @p at, else the first one behind it, else NULL. Settled ones only. */
const struct extent *extents_find(const struct extents *extents, uint64_t at);

/** The range that holds @p at, or NULL. Settled ones only. */
const struct extent *extents_holder(const struct extents *extents, uint64_t at);

/** The part of a range that is first at or after @p from; false when there is none. Settled ones
 * only. */
bool extents_next(const struct extents *extents, uint64_t from, uint64_t *ret_start,
		  uint64_t *ret_size);

void extents_deinit(struct extents *extents);

#endif
