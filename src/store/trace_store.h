/* SPDX-License-Identifier: MIT */
#ifndef STORE_TRACE_STORE_H
#define STORE_TRACE_STORE_H

#include "base/arena.h"
#include "base/strbuf.h"
#include "trace/event.h"

/**
 * A trace in SQLite: written by a sink, read by whatever reports. docs/trace-db.md documents the
 * tables.
 *
 * A live trace always writes one, to a file or to a private place, and its report is made from it:
 * totals, history and pages exist once (totals.h, history.h).
 */
struct trace_store;

/** What is known of a trace when it begins. Texts are escaped for display; NULL = not known. */
struct trace_about {
	const char *banner;  /**< the kernel's "Linux version ..." */
	const char *options; /**< what was asked for, as on the command line */
	const char *engine;
	const char *backtraces; /**< how they were made: "ORC", "frame pointers" */
	const char *untraced;	/**< functions of the allocator whose calls are missing */
	uint64_t start_time;	/**< seconds since 1970, the host's clock */
};

/** What is known when it has ended. */
struct trace_end {
	const char *reason;   /**< "the limit of 1000 events was reached"; NULL = not known */
	uint64_t lost;	      /**< events that are known to be missing */
	const char *lost_why; /**< NULL = nothing to say */
	uint64_t duration_ns; /**< from the beginning to now; not before the last event */
	uint64_t dismissed;   /**< events of others, that the filter left out */
};

/**
 * Append the name of a return address, as "do_msgsnd+0x8d"; nothing when there is none. It is asked
 * once for each address of a backtrace.
 */
typedef struct dill_error *(*trace_symbol_fn)(void *context, dill_virt address,
					      struct strbuf *text);

/**
 * Begin to write a trace.
 *
 * A trace of dill's that is at @p path already becomes PATH.old, as perf does it, unless it holds
 * no event; what is no trace of dill's is not touched. Call this when the tracer is armed, so that
 * a start that fails leaves everything as it is.
 *
 * Events are committed every few thousand and at least every second that there are some: after a
 * kill -9 the file can be read up to there.
 *
 * @param path   NULL = a private place, gone with the store: in memory, on disk when it is large
 * @param about  copied
 * @return NULL; INVALID_ARGUMENT when there is something else at @p path; OS
 */
DILL_MUST_CHECK struct dill_error *trace_store_create(const char *path,
						      const struct trace_about *about,
						      struct trace_store **ret);

/** Where the events go; borrowed. Sequences must ascend. */
struct trace_sink *trace_store_sink(struct trace_store *store);

/** How the addresses of backtraces are named; without it only callers have names. */
void trace_store_name_addresses(struct trace_store *store, trace_symbol_fn name, void *context);

/** Events so far. */
uint64_t trace_store_count(const struct trace_store *store);

/**
 * The trace has ended: make the index, and let others read the file. No event may come any more;
 * the store can be read from now on.
 */
DILL_MUST_CHECK struct dill_error *trace_store_finish(struct trace_store *store,
						      const struct trace_end *end);

/**
 * Open a trace to read it. One whose writer was killed is repaired first, by SQLite.
 *
 * @return NULL; BAD_DATA when it is no trace of dill's, or a damaged one; UNSUPPORTED when it is of
 * another version; OS
 */
DILL_MUST_CHECK struct dill_error *trace_store_open(const char *path, struct trace_store **ret);

/** Close. A trace that was not finished stays as a killed one would: readable. NULL is allowed. */
void trace_store_free(struct trace_store *store);
DEFINE_CLEANUP(struct trace_store *, trace_store_free)

/** What a trace says of itself. */
struct trace_facts {
	struct trace_about about;
	struct trace_end end; /**< zeros unless `finished` */
	bool finished;	      /**< else its writer was killed, or the trace failed */
	const char *writer;   /**< "dill 0.1.0" */
};

/** @param ret  texts live in @p arena */
DILL_MUST_CHECK struct dill_error *trace_store_facts(struct trace_store *store, struct arena *arena,
						     struct trace_facts *ret);

#endif
