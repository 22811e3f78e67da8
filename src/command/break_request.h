/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_BREAK_REQUEST_H
#define COMMAND_BREAK_REQUEST_H

#include "base/strbuf.h"
#include "command/command.h"
#include "trace/tracer.h"

/** Options of `break`, in the order of its table. */
enum {
	BREAK_OPTION_TASK,
	BREAK_OPTION_PID,
	BREAK_OPTION_CPU,
	BREAK_OPTION_SIZE,
	BREAK_OPTION_TIME,
};

/** The event that `break` waits for. */
struct break_request {
	struct trace_filter filter; /**< whose events; texts are borrowed from the command line */
	unsigned kinds;		    /**< set of 1 << enum trace_kind */
	dill_virt object;	    /**< 0 = any object of filter.caches */
	uint64_t time_max_ns;	    /**< 0 = for ever */
};

/**
 * What a command line of `break` asks for. Between begin and end of the session.
 * @param ret  borrows texts of @p call
 * @return NULL; NOT_FOUND when NAME is neither a cache nor an address; INVALID_ARGUMENT; what
 * reading the caches failed with
 */
DILL_MUST_CHECK struct dill_error *break_request_parse(const struct command_call *call,
						       struct session *session,
						       struct break_request *ret);

/** Whether an event that the filter has let through is the one. */
bool break_request_matches(const struct break_request *request, const struct trace_event *event);

/** Append "allocation from kmalloc-64". */
void break_request_describe(const struct break_request *request, struct strbuf *text);

#endif
