/* SPDX-License-Identifier: MIT */
#ifndef STORE_TOTALS_H
#define STORE_TOTALS_H

#include "base/array.h"
#include "store/read.h"

/*
 * What a trace amounts to, from one pass over its events. The only place that counts them: reports,
 * pages and the end of a live trace show what is here.
 */

/** Counts of events, and of the objects that some of them allocated. */
struct trace_sums {
	uint64_t allocs; /**< that gave an object */
	uint64_t failed; /**< allocations that gave none */
	uint64_t frees;	 /**< all of them */
	uint64_t requests;
	uint64_t double_frees;	  /**< among the frees */
	uint64_t unknown_frees;	  /**< among the frees: of objects allocated before the watch */
	uint64_t bytes_requested; /**< by `allocs` */
	uint64_t bytes_given;
	uint64_t alive; /**< of `allocs`: not freed while watched */
	uint64_t alive_bytes;
	uint64_t oldest_ns; /**< with `alive`: when the oldest of these was allocated */
	uint64_t unseen;    /**< of `allocs`: the address was given out again, no free was seen */
	uint64_t aged;	    /**< of `allocs`: freed while watched, so that their age is known */
	uint64_t age_sum_ns;
};

/** Events of one cache, caller and process. Every event is in exactly one cell. */
struct trace_cell {
	uint32_t cache;	  /**< index for totals_cache_name() */
	uint32_t caller;  /**< index for totals_caller_name() */
	uint32_t process; /**< index into totals->processes */
	struct trace_sums sums;
};

enum trace_object_state {
	TRACE_OBJECT_ALIVE,
	TRACE_OBJECT_FREED,
	TRACE_OBJECT_UNSEEN, /**< freed unseen: its address was given out again */
};

/** One allocation that gave an object, and what became of it. */
struct trace_object {
	uint64_t sequence, time_ns;
	uint64_t end_sequence,
		end_time_ns;	   /**< of the free, or of the next allocation; not ALIVE */
	uint64_t request_sequence; /**< kfree_rcu(); 0 = none */
	dill_virt address;
	uint64_t bytes_requested, bytes_given;
	uint32_t cell;
	uint32_t process;     /**< index into names.processes */
	uint32_t freed_by;    /**< the same, FREED */
	uint32_t free_caller; /**< index for totals_caller_name(), FREED */
	uint32_t stack;	      /**< index into totals->stacks, or STORED_NONE */
	uint32_t free_stack;  /**< the same, FREED */
	enum trace_object_state state;
};

/** A recorded backtrace: the callers of a caller. */
struct trace_stack {
	uint32_t *symbols; /**< innermost first, for totals_caller_name() */
	size_t count;
};

/** A free of what was free already. */
struct trace_double_free {
	uint64_t sequence, time_ns;
	dill_virt address;
	uint32_t cell;
	uint32_t process;		      /**< index into names.processes */
	uint64_t first_sequence;	      /**< of the free before; 0 = not in the trace */
	uint32_t first_process, first_caller; /**< valid with first_sequence */
	uint64_t alloc_sequence;	      /**< 0 = not known */
};

/** A slab of which every object was first allocated, as far as the trace tells, by one process. */
struct trace_filled_slab {
	uint32_t slab;		    /**< index into names.slabs */
	uint32_t process;	    /**< index into totals->processes */
	uint64_t first_ns, last_ns; /**< when the first and the last of its objects was */
	uint64_t first_sequence;
	uint64_t alive; /**< of its objects */
};

/** A process, by its tgid. */
struct trace_process {
	uint32_t tgid;
	const char *comm; /**< the name it had at most of its events */
};

/** Sums over all cells with one cache, caller or process. */
struct trace_group {
	uint32_t key;
	struct trace_sums sums;
	uint64_t median_age_ns; /**< valid with sums.aged */
};

typedef ARRAY(struct trace_group) trace_groups;

struct trace_totals {
	struct arena *arena; /**< of the names; the totals' own */
	struct stored_names names;
	struct trace_facts facts;
	uint64_t events;
	uint64_t end_ns;	 /**< when the trace ended, or its last event */
	uint64_t contradictions; /**< frees that do not fit to the allocation that they name */
	struct trace_sums sums;
	ARRAY(struct trace_process) processes;
	ARRAY(struct trace_cell) cells;
	ARRAY(struct trace_object) objects; /**< ascending by sequence */
	ARRAY(struct trace_double_free) double_frees;
	ARRAY(struct trace_stack) stacks;	      /**< in no order */
	ARRAY(struct trace_filled_slab) filled_slabs; /**< ascending by first_sequence */
};

/**
 * Count.
 * @param ret  free with trace_totals_free()
 */
DILL_MUST_CHECK struct dill_error *trace_totals_new(struct trace_store *store,
						    struct trace_totals **ret);
void trace_totals_free(struct trace_totals *totals);
DEFINE_CLEANUP(struct trace_totals *, trace_totals_free)

enum trace_group_by { TRACE_BY_CACHE, TRACE_BY_CALLER, TRACE_BY_PROCESS };

/**
 * Sums by cache, caller or process, those with most allocations first.
 * @param ret  free with array_free()
 */
DILL_MUST_CHECK struct dill_error *trace_totals_group(const struct trace_totals *totals,
						      enum trace_group_by by, trace_groups *ret);

/** Sums over cells with the same cache and caller, in no order; key is the first cell's index. */
DILL_MUST_CHECK struct dill_error *trace_totals_sites(const struct trace_totals *totals,
						      trace_groups *ret);

/** Of a cell's cache: its name, "(large)" for whole pages without a slab, "(unknown)". */
const char *totals_cache_name(const struct trace_totals *totals, uint32_t cache);
/** True when @p cache stands for objects without a slab. */
bool totals_cache_is_large(const struct trace_totals *totals, uint32_t cache);
/** "load_msg+0x2c", the address when it has no name, "(unknown)". */
const char *totals_caller_name(const struct trace_totals *totals, uint32_t caller);

/** Add @p from to @p sums. */
void trace_sums_add(struct trace_sums *sums, const struct trace_sums *from);

#endif
