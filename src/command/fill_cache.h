/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_FILL_CACHE_H
#define COMMAND_FILL_CACHE_H

#include "answer/cache_record.h"
#include "slub/survey.h"

/** Whether records name every object, or only say how many there are. */
enum cache_record_detail { CACHE_RECORD_COUNTS, CACHE_RECORD_OBJECTS };

/** What to leave out of a record; -1 = nothing. Never applies to the sums. */
struct cache_filter {
	int cpu;
	int node;
};

/** Bytes of a cache's slabs as /proc/slabinfo has them: were all of the cache's order. 0 where the
 * kernel does not count slabs. */
uint64_t cache_memory(const struct contents *contents);

/**
 * A row of the table of caches.
 * @param total  bytes of all caches, which its share is of
 */
DILL_MUST_CHECK struct dill_error *cache_row_record(const struct heap *heap,
						    const struct contents *contents,
						    const struct state_counts *states,
						    uint64_t total, struct arena *arena,
						    struct dill_record **ret);
/** A cache with all it holds, cut to @p filter. */
DILL_MUST_CHECK struct dill_error *cache_detail_record(
	const struct heap *heap, const struct contents *contents, const struct state_counts *states,
	const struct cache_filter *filter, enum cache_record_detail detail, struct arena *arena,
	struct dill_record **ret);

#endif
