/* SPDX-License-Identifier: MIT */
#ifndef TRACE_TRACER_H
#define TRACE_TRACER_H

#include "slub/heap.h"
#include "trace/calls.h"
#include "trace/event.h"
#include "trace/peek.h"

/** What to follow; a zeroed one follows everything. */
struct trace_filter {
	const char *name; /**< of the task, a glob; NULL = all */
	bool has_pid;	  /**< of a thread, or of a process and all its threads */
	uint32_t pid;
	const char *caches; /**< glob; NULL = all */
	bool has_cpu;
	unsigned cpu;
	uint64_t size_min, size_max; /**< bytes wanted; size_max 0 = no limit */
};

struct tracer_options {
	struct trace_filter filter; /**< texts are borrowed */
	struct trace_sink *sink;    /**< borrowed */
	struct peek *peek;	    /**< borrowed */
	bool stacks;		    /**< a backtrace with each event */
	unsigned kinds;	     /**< set of 1 << enum trace_kind: only these are looked for; 0 = all */
	uint64_t events_max; /**< no event is made beyond so many; 0 = no limit */
	bool confirms;	     /**< the heap can be walked at a stop: ask it about double frees */
	struct trace_breakpoints breakpoints;
};

/** How the CPU of a stop goes on. */
enum trace_then {
	TRACE_THEN_RUN,	 /**< the breakpoint it stands at is gone */
	TRACE_THEN_SKIP, /**< set its instruction pointer to another address */
	TRACE_THEN_STEP, /**< it must execute one instruction alone, past the breakpoint */
};

/** What a trace has seen so far. */
struct tracer_counts {
	uint64_t events;
	uint64_t hits;	    /**< stops at breakpoints of the tracer's */
	uint64_t dismissed; /**< calls that the filter left out */
	uint64_t lost;	    /**< allocations whose return was never seen */
};

/**
 * Makes events of stops, whatever engine brings them: where the breakpoints are, what the registers
 * mean, whose calls are followed.
 */
struct tracer;

/**
 * Find the probes and everything else that is needed. Sets no breakpoint.
 * @param heap  borrowed, must outlive the tracer
 * @return NULL; UNSUPPORTED; what finding failed with
 */
DILL_MUST_CHECK struct dill_error *tracer_new(struct heap *heap,
					      const struct tracer_options *options,
					      struct tracer **ret);
void tracer_free(struct tracer *tracer);
DEFINE_CLEANUP(struct tracer *, tracer_free)

/** Insert a breakpoint at every probe. After an error some may be in: disarm. */
DILL_MUST_CHECK struct dill_error *tracer_arm(struct tracer *tracer);
/** True when any breakpoint of the tracer's may be in. */
bool tracer_is_armed(const struct tracer *tracer);
/** Remove every breakpoint that the tracer has inserted. */
DILL_MUST_CHECK struct dill_error *tracer_disarm(struct tracer *tracer);

/** True when a stop at @p address is the tracer's. */
bool tracer_is_mine(const struct tracer *tracer, dill_virt address);

/**
 * A CPU has stopped at one of the tracer's breakpoints: make the events, if any.
 * @param ret_then, ret_next  how it goes on; set on success
 */
DILL_MUST_CHECK struct dill_error *tracer_hit(struct tracer *tracer, const struct dill_stop *stop,
					      enum trace_then *ret_then, dill_virt *ret_next);

/** Follow something else from now on. Texts are borrowed. */
void tracer_set_filter(struct tracer *tracer, const struct trace_filter *filter);

/** Calls go on to be followed, but make no event while muted. */
void tracer_mute(struct tracer *tracer, bool muted);

struct tracer_counts tracer_counts(const struct tracer *tracer);
/** Nanoseconds since the tracer was made. */
uint64_t tracer_elapsed(const struct tracer *tracer);
/** How backtraces are made, "ORC" or "frame pointers"; NULL without any. */
const char *tracer_backtraces(const struct tracer *tracer);
/** Functions of the allocator whose calls are not seen, as probe_list.untraced; NULL = none. */
const char *tracer_untraced(const struct tracer *tracer);
/** Number of probes. */
size_t tracer_probes(const struct tracer *tracer);

/** Append "symbol+0x1c" or "symbol+0x1c [module]" for a return address; nothing when no symbol is
 * near. A name is made once: of a module that was replaced meanwhile it stays the first one's. */
DILL_MUST_CHECK struct dill_error *tracer_name_address(void *tracer, dill_virt address,
						       struct strbuf *text);

#endif
