/* SPDX-License-Identifier: MIT */
#ifndef GDB_ARMED_H
#define GDB_ARMED_H

#include "command/break_request.h"
#include "gdb/plugin.h"
#include "trace/tracer.h"

/**
 * A trace that goes on while GDB's user lets the target run: by GDB's own breakpoints, on every
 * target that GDB can reach. Slower than `trace`, which speaks to the stub itself.
 */
struct armed_trace;

/**
 * Find everything, then set a breakpoint at every probe.
 * @param session  begun by nobody
 */
DILL_MUST_CHECK struct dill_error *armed_trace_new(struct plugin *plugin, struct session *session,
						   struct armed_trace **ret);
/** Remove the breakpoints. The target must be stopped. NULL is allowed. */
void armed_trace_free(struct armed_trace *armed_trace);

/** Follow something else from now on. Texts are copied. */
DILL_MUST_CHECK struct dill_error *armed_trace_follow(struct armed_trace *armed_trace,
						      const struct trace_filter *filter);
/** Print nothing from now on but one event, and stop there; until armed_trace_follow(). Texts are
 * copied.
 */
DILL_MUST_CHECK struct dill_error *armed_trace_break(struct armed_trace *armed_trace,
						     const struct break_request *request);
/** Print events or not. */
void armed_trace_mute(struct armed_trace *armed_trace, bool muted);
/** What is armed, what was seen: lines of text. */
DILL_MUST_CHECK struct dill_error *armed_trace_describe(struct armed_trace *armed_trace,
							struct strbuf *ret);

#endif
