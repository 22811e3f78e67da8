/* SPDX-License-Identifier: MIT */
#ifndef TRACE_TRACER_PRIVATE_H
#define TRACE_TRACER_PRIVATE_H

#include "base/strbuf.h"
#include "trace/gfp.h"
#include "trace/known_caches.h"
#include "trace/owner.h"
#include "trace/returns.h"
#include "trace/traced_objects.h"
#include "trace/tracer.h"
#include "trace/unwinder.h"

/* Inside of the tracer: tracer.c has its life, tracer_hit.c decides what a stop is, tracer_event.c
 * makes events. */

struct tracer {
	struct heap *heap;
	struct kernel *kernel;
	struct tracer_options options;
	struct arena *arena; /**< probes, names, caches */
	struct probe_list probes;
	struct current_layout current_layout;
	struct gfp_names gfp_names;
	struct known_caches caches;
	uint64_t caches_read;	 /**< events when the list of caches was read last */
	struct number_map names; /**< of return addresses, as pointers into the arena */
	struct calls calls;
	struct code_places returns; /**< with breakpoints that are fixed */
	struct traced_objects objects;
	struct unwinder *unwinder; /**< NULL when no backtraces are wanted */
	uint64_t largest; /**< bytes of the largest size class: what is more comes in pages */
	bool muted;
	size_t armed; /**< probes whose breakpoints are in, from the first on; then returns */
	uint64_t start_ns;
	struct tracer_counts counts;
	struct strbuf gfp_text, comm_text;
};

/** Everything that the event of one object has in common with those of its neighbours. */
struct occasion {
	const struct probe *probe;
	enum trace_kind kind;
	unsigned flags;		 /**< of the events */
	dill_virt sheaf;	 /**< whose objects are freed; 0 = none */
	uint64_t first_sequence; /**< TRACE_BULK: what the call's first event would be numbered */
	unsigned cpu;
	const struct current *current;
	dill_virt caller;
	dill_virt cache; /**< 0 = told by the object */
	uint64_t size, gfp;
	/** Backtrace when the function was entered; `stop` is that moment when it was not taken
	 * yet, for the first event that needs it. */
	struct backtrace *backtrace;
	const struct dill_stop *stop;
};

/** True when one of the fixed breakpoints at returns is at @p address. */
bool tracer_is_return(const struct tracer *tracer, dill_virt address);

/** Take the backtrace of a CPU that stands at a probe, when any is wanted. */
DILL_MUST_CHECK struct dill_error *tracer_take_stack(struct tracer *tracer,
						     const struct dill_stop *stop,
						     struct backtrace *ret);

/** True when the task is one that the filter follows. */
bool tracer_follows(const struct tracer *tracer, const struct current *current);
/** True when the filter lets a cache pass; NULL is memory without one. */
bool tracer_takes_cache(const struct tracer *tracer, const struct known_cache *cache);
/** True when the filter lets so many wanted bytes pass. */
bool tracer_takes_size(const struct tracer *tracer, uint64_t size);

/** Make the event of one object and hand it over, unless the filter leaves it out. */
DILL_MUST_CHECK struct dill_error *tracer_emit(struct tracer *tracer,
					       const struct occasion *occasion, dill_virt object);

#endif
