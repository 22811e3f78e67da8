/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_REPORT_FOLDED_H
#define COMMAND_REPORT_FOLDED_H

#include "command/command.h"
#include "store/totals.h"

/**
 * Write the stacks of a trace's allocations as flame graph tools take them, a line each: "sshd;
 * entry;...;caller BYTES" without the blank, outermost first. Completely or not at all, with a
 * record that says so; to "-": the text itself is the answer.
 * @param alive_only  count only objects that were not freed while watched
 */
DILL_MUST_CHECK struct dill_error *report_folded(struct command_call *call,
						 const struct trace_totals *totals, bool alive_only,
						 const char *path);

#endif
