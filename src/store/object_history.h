/* SPDX-License-Identifier: MIT */
#ifndef STORE_OBJECT_HISTORY_H
#define STORE_OBJECT_HISTORY_H

#include "base/array.h"
#include "store/read.h"

/** One event of an object that held an address. */
struct history_entry {
	struct stored_event event;
	bool aged;
	uint64_t age_ns; /**< with `aged`, of a free or request: since the allocation */
	bool was_free;
	uint64_t free_ns; /**< with `was_free`, of an allocation: since the free before it */
};

/** What a trace knows of the memory at one address. */
struct trace_history {
	struct arena *arena; /**< of the names; the history's own */
	struct stored_names names;
	bool has_stacks;		     /**< some of these have a backtrace */
	ARRAY(struct history_entry) entries; /**< ascending by sequence */
};

/**
 * Look up every event of an object that holds @p address: the objects that began there, and those
 * around it, which may be of other caches when the slab became another's.
 *
 * An object's size is that of its allocation; of one that was allocated before the watch, that of
 * others of its cache.
 *
 * @param ret  free with trace_history_free()
 */
DILL_MUST_CHECK struct dill_error *trace_history_new(struct trace_store *store, dill_virt address,
						     struct trace_history **ret);
void trace_history_free(struct trace_history *history);
DEFINE_CLEANUP(struct trace_history *, trace_history_free)

#endif
