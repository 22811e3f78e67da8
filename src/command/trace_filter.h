/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_TRACE_FILTER_H
#define COMMAND_TRACE_FILTER_H

#include "command/command.h"
#include "trace/tracer.h"

/** Options that say what to follow: the first ones of every command that traces. */
enum {
	TRACE_FILTER_PID,
	TRACE_FILTER_CACHE,
	TRACE_FILTER_CPU,
	TRACE_FILTER_SIZE,
	TRACE_FILTER_OPTIONS,
};

/* clang-format off */
/** Their rows in a command's table. */
#define TRACE_FILTER_TABLE                                                                         \
	[TRACE_FILTER_PID] = {"pid", 'p', ARGUMENT_NUMBER, "PID",                                  \
			      "follow this thread, or this process with all its threads"},         \
	[TRACE_FILTER_CACHE] = {"cache", 0, ARGUMENT_CACHE, "GLOB",                                \
				"objects of these caches only"},                                   \
	[TRACE_FILTER_CPU] = {"cpu", 'c', ARGUMENT_CPU, "CPU", "on this CPU only"},                \
	[TRACE_FILTER_SIZE] = {"size", 0, ARGUMENT_TEXT, "MIN-MAX",                                \
			       "allocations of so many bytes only"}
/* clang-format on */

/**
 * What a command line asks to follow: its first argument, a task's name or number, and the options.
 * @param ret  borrows texts of @p call
 * @return NULL; INVALID_ARGUMENT
 */
DILL_MUST_CHECK struct dill_error *trace_filter_parse(const struct command_call *call,
						      struct trace_filter *ret);

/** Follow a task by its name, a glob, or by a number as for --pid. @p ret borrows @p text. */
void trace_filter_task(const char *text, struct trace_filter *ret);
/** Follow allocations of some sizes: "MIN-MAX", or one number. NULL; INVALID_ARGUMENT. */
DILL_MUST_CHECK struct dill_error *trace_filter_sizes(const char *text, struct trace_filter *ret);

#endif
