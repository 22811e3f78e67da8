/* SPDX-License-Identifier: MIT */
#ifndef GDB_LIVE_H
#define GDB_LIVE_H

#include "command/break_request.h"
#include "gdb/plugin.h"
#include "trace/tracer.h"

/**
 * A trace that goes on while GDB's user lets the target run: by GDB's own breakpoints, on every
 * target that GDB can reach. Slower than `trace`, which speaks to the stub itself.
 */
struct live;

/**
 * Find everything, then set a breakpoint at every probe.
 * @param session  begun by nobody
 */
DILL_MUST_CHECK struct dill_error *live_new(struct plugin *plugin, struct session *session,
					    struct live **ret);
/** Remove the breakpoints. The target must be stopped. NULL is allowed. */
void live_free(struct live *live);

/** Follow something else from now on. Texts are copied. */
DILL_MUST_CHECK struct dill_error *live_follow(struct live *live,
					       const struct trace_filter *filter);
/** Print nothing from now on but one event, and stop there; until live_follow(). Texts are copied.
 */
DILL_MUST_CHECK struct dill_error *live_break(struct live *live,
					      const struct break_request *request);
/** Print events or not. */
void live_mute(struct live *live, bool muted);
/** What is armed, what was seen: lines of text. */
DILL_MUST_CHECK struct dill_error *live_describe(struct live *live, struct strbuf *ret);

#endif
