/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_REPORT_PAGE_H
#define COMMAND_REPORT_PAGE_H

#include "base/strbuf.h"
#include "command/command.h"
#include "store/totals.h"

/**
 * Write the page of a trace to @p path, completely or not at all, and emit a record that says so.
 * "-": the page itself is the answer.
 */
DILL_MUST_CHECK struct dill_error *report_page(struct command_call *call,
					       const struct trace_totals *totals, const char *path);

/** Write @p text to @p path, completely or not at all; behind links to where they lead. */
DILL_MUST_CHECK struct dill_error *report_file_write(const char *path, const struct strbuf *text);

#endif
