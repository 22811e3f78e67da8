/* SPDX-License-Identifier: MIT */
#ifndef STORE_READ_H
#define STORE_READ_H

#include "base/arena.h"
#include "store/trace_store.h"

/*
 * The tables of a trace as arrays, and its events one by one with indexes into them. All that makes
 * no sense is BAD_DATA here, so that others may trust what they get: kinds are kinds, indexes are
 * in their arrays, sequences and times ascend. Texts are safe to display.
 */

/** No index: the event has no such thing. */
#define STORED_NONE UINT32_MAX

struct stored_cache {
	dill_virt address;
	const char *name; /**< NULL = not known */
};

struct stored_symbol {
	dill_virt address;
	const char *name; /**< "load_msg+0x2c", or the address */
};

struct stored_process {
	uint32_t pid, tgid;
	const char *comm;
};

struct stored_slab {
	dill_virt address;
	uint32_t cache;	  /**< index or STORED_NONE */
	uint32_t objects; /**< 0 = not known */
};

struct stored_gfp {
	uint64_t value;
	const char *names;
};

/** What events refer to; memory is an arena's. */
struct stored_names {
	struct stored_cache *caches;
	struct stored_symbol *symbols;
	struct stored_process *processes;
	struct stored_slab *slabs;
	struct stored_gfp *gfps;
	const char **functions;
	uint32_t cache_count, symbol_count, process_count, slab_count, gfp_count, function_count;
};

DILL_MUST_CHECK struct dill_error *stored_names_read(struct trace_store *store, struct arena *arena,
						     struct stored_names *ret);

/** An event as stored; indexes are into struct stored_names, or STORED_NONE. */
struct stored_event {
	uint64_t sequence, time_ns;
	enum trace_kind kind;
	unsigned flags, cpu;
	uint32_t process; /**< never STORED_NONE */
	uint32_t function, cache, slab, gfp, caller;
	dill_virt object;
	uint64_t bytes_requested, bytes_given;	/**< of allocations, else 0 */
	uint64_t stack;				/**< number in stack_frame; 0 = none */
	uint64_t alloc_sequence, alloc_time_ns; /**< with TRACE_KNOWN; before this event */
};

/** Walks events. */
struct event_cursor;

/**
 * All events in order.
 * @param names  borrowed
 */
DILL_MUST_CHECK struct dill_error *event_cursor_new(struct trace_store *store,
						    const struct stored_names *names,
						    struct event_cursor **ret);
/** The events of objects from @p first to @p last (inclusive), ordered by object and sequence. */
DILL_MUST_CHECK struct dill_error *event_cursor_new_objects(struct trace_store *store,
							    const struct stored_names *names,
							    dill_virt first, dill_virt last,
							    struct event_cursor **ret);
/** *ret_more false behind the last. */
DILL_MUST_CHECK struct dill_error *event_cursor_next(struct event_cursor *cursor,
						     struct stored_event *ret, bool *ret_more);
void event_cursor_free(struct event_cursor *cursor);
DEFINE_CLEANUP(struct event_cursor *, event_cursor_free)

/**
 * The symbols of a backtrace, innermost first; indexes into names->symbols.
 * @param ret  room for TRACE_STACK_MAX
 */
DILL_MUST_CHECK struct dill_error *stored_stack_read(struct trace_store *store,
						     const struct stored_names *names,
						     uint64_t stack, uint32_t *ret,
						     size_t *ret_count);

#endif
