/* SPDX-License-Identifier: MIT */
#include "answer/report_record.h"
#include "command/fill_report.h"
#include "command/registry.h"
#include "command/report_folded.h"
#include "command/report_page.h"

enum { OPTION_ROWS, OPTION_LIVE, OPTION_HTML, OPTION_FOLDED };

static struct dill_error *run(struct command_call *call)
{
	struct report_choice choice = {.rows = REPORT_ROWS,
				       .live = call->options[OPTION_LIVE].given};
	_cleanup_(trace_store_freep)
	struct trace_store *store = NULL;
	_cleanup_(trace_totals_freep)
	struct trace_totals *totals = NULL;

	if (call->options[OPTION_HTML].given && call->options[OPTION_FOLDED].given)
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
				      "--html and --folded: ask for one at a time");
	if (call->options[OPTION_ROWS].given)
		choice.rows = (size_t)call->options[OPTION_ROWS].number;
	TRY(trace_store_open(call->arguments[0], &store));
	TRY(trace_totals_new(store, &totals));
	if (call->options[OPTION_HTML].given)
		return report_page(call, totals, call->options[OPTION_HTML].text);
	if (call->options[OPTION_FOLDED].given)
		return report_folded(call, totals, choice.live, call->options[OPTION_FOLDED].text);
	return report_emit(call, totals, &choice);
}

static const struct dill_record_kind *const kinds[] = {
	REPORT_KINDS,	     &report_page_kind,	       &report_page_text_kind,
	&report_folded_kind, &report_folded_text_kind, NULL};

const struct command report_command = {
	.name = "report",
	.summary = "What a recorded trace amounts to",
	.help = "Read a trace that was written with \"trace -o FILE\" and sum it up: events, time "
		"and losses; allocations,\n"
		"frees, bytes, waste and ages by cache, caller and process; objects that were "
		"allocated and not freed\n"
		"while watched; frees of objects that were allocated before; slabs that one "
		"process "
		"filled alone; double\n"
		"frees. No target is needed.\n"
		"\n"
		"With --html: one self-contained page for a browser, with every object as a bar "
		"over time, the same tables,\n"
		"and filters by cache, caller and process. The file is written completely or not "
		"at all.\n"
		"\n"
		"With --folded: the bytes of all allocations by process and whole stack, or with "
		"--live of objects that are\n"
		"still alive, a line each as flame graph tools take them. A trace without "
		"--stack has callers only.\n"
		"\n"
		"The status is 1 when there was a double free.\n"
		"\n"
		"Examples:\n"
		"  report trace.db\n"
		"  report trace.db -n 0 --live\n"
		"  report trace.db --json\n"
		"  report trace.db --html trace.html\n"
		"  report trace.db --folded - --live | flamegraph.pl >leak.svg\n",
	.arguments = {{"FILE", ARGUMENT_FILE}},
	.options =
		{
			[OPTION_ROWS] = {"rows", 'n', ARGUMENT_NUMBER, "N",
					 "show N rows of each list (10 without this); 0 shows all"},
			[OPTION_HTML] = {"html", 0, ARGUMENT_FILE, "FILE",
					 "write a page with the objects over time instead; - is "
					 "standard output"},
			[OPTION_FOLDED] = {"folded", 0, ARGUMENT_FILE, "FILE",
					   "write stacks for a flame graph instead; - is standard "
					   "output"},
			[OPTION_LIVE] = {"live", 0, ARGUMENT_NONE, NULL,
					 "show each object that is still alive"},
		},
	.kinds = kinds,
	.run = run,
};
