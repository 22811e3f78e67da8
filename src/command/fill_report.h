/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_FILL_REPORT_H
#define COMMAND_FILL_REPORT_H

#include "answer/trace_record.h"
#include "command/command.h"
#include "store/totals.h"

/** How many rows of a list are shown unless -n says otherwise. */
#define REPORT_ROWS 10

struct report_choice {
	size_t rows; /**< of a list; 0 = all */
	bool live;   /**< also each object that is still alive */
};

/** Kinds that report_emit() emits, for a command's table. */
#define REPORT_KINDS                                                                               \
	&trace_record_kind, &trace_list_kind, &trace_cache_kind, &trace_caller_kind,               \
		&trace_process_kind, &trace_alive_kind, &trace_stack_kind, &trace_object_kind,     \
		&trace_unknown_kind, &trace_slab_kind, &trace_double_kind

/**
 * Emit what a trace amounts to. A double free marks the call as one with findings.
 * For `report`, and for the end of a live trace.
 */
DILL_MUST_CHECK struct dill_error *report_emit(struct command_call *call,
					       const struct trace_totals *totals,
					       const struct report_choice *choice);

#endif
