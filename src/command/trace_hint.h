/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_TRACE_HINT_H
#define COMMAND_TRACE_HINT_H

#include "command/session.h"
#include "trace/tracer.h"

/**
 * Say through the host's log when nothing that a filter follows exists yet: a task of its name or
 * number, a cache. It may come, so that this is no error, but a misspelt one never does; with near
 * names. A CPU that the kernel does not have cannot come.
 *
 * Between session_begin() and session_end(). What cannot be read completely is not spoken of.
 *
 * @return NULL; INVALID_ARGUMENT for the CPU; fatal errors
 */
DILL_MUST_CHECK struct dill_error *trace_hint(struct session *session,
					      const struct trace_filter *filter);

#endif
