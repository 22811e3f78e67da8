/* SPDX-License-Identifier: MIT */
#ifndef TRACE_RUN_H
#define TRACE_RUN_H

#include "trace/tracer.h"

/** Why a trace ended. */
enum trace_end_kind {
	TRACE_END_EVENTS,      /**< the limit of events was reached */
	TRACE_END_TIME,	       /**< the limit of time */
	TRACE_END_INTERRUPTED, /**< the user wanted it */
	TRACE_END_PAUSED,      /**< somebody else stopped the target */
	TRACE_END_GONE,	       /**< the target has ended */
	TRACE_END_REBOOTED,    /**< another kernel runs, or the same from its start */
};

/** As the end of a sentence: "the limit of events was reached". */
const char *trace_end_text(enum trace_end_kind kind);

struct trace_run_options {
	struct trace_filter filter; /**< texts are borrowed */
	struct trace_sink *sink;    /**< borrowed */
	bool stacks;		    /**< a backtrace with each event */
	unsigned kinds;		    /**< as tracer_options.kinds */
	uint64_t events_max;	    /**< 0 = no limit */
	uint64_t time_max_ns;	    /**< 0 = no limit */
	/** Called after each event: true ends the trace as its limit of events does; may be NULL.
	 */
	bool (*enough)(void *context);
	/** Called now and then while the trace runs, also when nothing happens; may be NULL. */
	struct dill_error *(*progress)(void *context, const struct tracer *tracer);
	/** Called once, when everything is armed and before the target runs; may be NULL. */
	struct dill_error *(*armed)(void *context, struct tracer *tracer);
	void *context;
};

struct trace_run_result {
	enum trace_end_kind end;
	struct tracer_counts counts;
	uint64_t duration_ns;
	size_t probes;
};

/**
 * Let a target run and trace it, with its own run control. The target is stopped when this is
 * called and when it returns, on every way out, without any breakpoint of dill's.
 *
 * @param heap    borrowed
 * @param runner  of the same target
 * @return NULL, whatever ended the trace; errors of the target, the sink and the callbacks, with
 * *ret set as far as the trace came
 */
DILL_MUST_CHECK struct dill_error *trace_run(struct heap *heap, struct dill_runner runner,
					     const struct trace_run_options *options,
					     struct trace_run_result *ret);

#endif
