/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "render/fields.h"
#include "render/time_text.h"
#include "render/trace_kinds.h"

/* --- the trace --- */

static const struct column trace_columns[] = {
	[TRACE_COLUMN_EVENTS] = {"events", DILL_COLUMN_COUNT, NULL, "all of them"},
	[TRACE_COLUMN_DURATION] =
		{"duration_ns", DILL_COLUMN_TIME, NULL,
		 "nanoseconds from the beginning to the end, or to the last event"},
	[TRACE_COLUMN_ALLOCS] = {"allocs", DILL_COLUMN_COUNT, NULL,
				 "allocations that gave an object"},
	[TRACE_COLUMN_FAILED] = {"failed", DILL_COLUMN_COUNT, NULL, "allocations that failed"},
	[TRACE_COLUMN_FREES] = {"frees", DILL_COLUMN_COUNT, NULL, "frees"},
	[TRACE_COLUMN_REQUESTS] = {"requests", DILL_COLUMN_COUNT, NULL,
				   "objects handed to kfree_rcu() and the like"},
	[TRACE_COLUMN_REQUESTED] = {"bytes_requested", DILL_COLUMN_COUNT, NULL,
				    "bytes that the allocations asked for"},
	[TRACE_COLUMN_GIVEN] = {"bytes_given", DILL_COLUMN_COUNT, NULL, "bytes that they got"},
	[TRACE_COLUMN_WASTE] = {"bytes_wasted", DILL_COLUMN_COUNT, NULL,
				"bytes_given less bytes_requested; 0 when more was asked for"},
	[TRACE_COLUMN_ALIVE] = {"alive", DILL_COLUMN_COUNT, NULL,
				"allocated objects that were not freed while watched"},
	[TRACE_COLUMN_ALIVE_BYTES] = {"alive_bytes", DILL_COLUMN_COUNT, NULL,
				      "bytes given to these"},
	[TRACE_COLUMN_UNSEEN] = {"freed_unseen", DILL_COLUMN_COUNT, NULL,
				 "allocated objects whose address was given out again without a "
				 "free being seen"},
	[TRACE_COLUMN_DOUBLE_FREES] = {"double_frees", DILL_COLUMN_COUNT, NULL,
				       "frees of objects that were free already"},
	[TRACE_COLUMN_UNKNOWN_FREES] = {"unknown_frees", DILL_COLUMN_COUNT, NULL,
					"frees of objects that were allocated before the watch"},
	[TRACE_COLUMN_CONTRADICTIONS] = {"contradictions", DILL_COLUMN_COUNT, NULL,
					 "frees that do not fit to the allocation that they name"},
	[TRACE_COLUMN_FINISHED] = {"finished", DILL_COLUMN_BOOL, NULL,
				   "false when the trace was cut off: what is known of its end is "
				   "missing"},
	[TRACE_COLUMN_END_REASON] = {"end_reason", DILL_COLUMN_TEXT, NULL, "why it ended"},
	[TRACE_COLUMN_LOST] = {"lost", DILL_COLUMN_COUNT, NULL,
			       "events that are known to be missing"},
	[TRACE_COLUMN_LOST_WHY] = {"lost_why", DILL_COLUMN_TEXT, NULL, "why they are"},
	[TRACE_COLUMN_DISMISSED] = {"dismissed", DILL_COLUMN_COUNT, NULL,
				    "events of others, which the filter left out"},
	[TRACE_COLUMN_UNTRACED] = {"untraced", DILL_COLUMN_TEXT, NULL,
				   "functions of the allocator whose calls are missing, because "
				   "their arguments are not understood"},
	[TRACE_COLUMN_BANNER] = {"banner", DILL_COLUMN_TEXT, NULL, "the kernel's"},
	[TRACE_COLUMN_OPTIONS] = {"options", DILL_COLUMN_TEXT, NULL, "what was asked for"},
	[TRACE_COLUMN_ENGINE] = {"engine", DILL_COLUMN_TEXT, NULL, "how it was traced"},
	[TRACE_COLUMN_BACKTRACES] = {"backtraces", DILL_COLUMN_TEXT, NULL,
				     "how they were made: ORC or frame pointers; missing without "
				     "--stack"},
	[TRACE_COLUMN_START_TIME] = {"start_time", DILL_COLUMN_COUNT, NULL,
				     "when it began, in seconds since 1970"},
	[TRACE_COLUMN_WRITER] = {"writer", DILL_COLUMN_TEXT, NULL, "version that wrote it"},
};

static const char *plural(unsigned long count)
{
	return count == 1 ? "" : "s";
}

static void draw_time(struct painter *painter, enum style style, uint64_t time_ns)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf text = {0};

	time_append(&text, time_ns);
	paint(painter, style, strbuf_get(&text));
}

/* "1 free", "2 frees", with something in front. */
static void draw_counted(struct painter *painter, const struct dill_record *record,
			 enum style style, const char *before, size_t column, const char *noun)
{
	unsigned long count = field_number(record, column);

	paint_format(painter, style, "%s%lu %s%s", before, count, noun, plural(count));
}

static void draw_heading(struct painter *painter, const struct dill_record *record)
{
	unsigned long events = field_number(record, TRACE_COLUMN_EVENTS);

	paint_format(painter, STYLE_HEADING, "%lu event%s in ", events, plural(events));
	draw_time(painter, STYLE_HEADING, record_number(record, TRACE_COLUMN_DURATION));
	draw_counted(painter, record, STYLE_PLAIN, ": ", TRACE_COLUMN_ALLOCS, "allocation");
	draw_counted(painter, record, STYLE_PLAIN, ", ", TRACE_COLUMN_FREES, "free");
	if (field_number(record, TRACE_COLUMN_REQUESTS))
		draw_counted(painter, record, STYLE_PLAIN, ", ", TRACE_COLUMN_REQUESTS,
			     "kfree_rcu() request");
	if (field_number(record, TRACE_COLUMN_FAILED))
		draw_counted(painter, record, STYLE_WARN, ", ", TRACE_COLUMN_FAILED,
			     "failed allocation");
	paint_newline(painter);
}

static void draw_text(struct painter *painter, const struct dill_record *record, const char *label,
		      size_t column)
{
	if (!record->fields[column].present)
		return;
	field_label(painter, label);
	paint(painter, STYLE_PLAIN, record_text(record, column));
	paint_newline(painter);
}

/* "6.12.43-amd64" of "Linux version 6.12.43-amd64 (...": the rest fills a line or two. */
static void draw_kernel(struct painter *painter, const struct dill_record *record)
{
	static const char begin[] = "Linux version ";
	const char *banner = record_text(record, TRACE_COLUMN_BANNER);

	if (!*banner)
		return;
	if (!strncmp(banner, begin, strlen(begin)))
		banner += strlen(begin);
	field_label(painter, "kernel");
	paint_format(painter, STYLE_PLAIN, "%.*s", (int)strcspn(banner, " "), banner);
	paint_newline(painter);
}

static void draw_start(struct painter *painter, const struct dill_record *record)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf text = {0};

	if (!field_number(record, TRACE_COLUMN_START_TIME))
		return;
	date_append(&text, record_number(record, TRACE_COLUMN_START_TIME));
	field_label(painter, "began");
	paint(painter, STYLE_PLAIN, strbuf_get(&text));
	paint_newline(painter);
}

static void draw_end(struct painter *painter, const struct dill_record *record)
{
	unsigned long lost = field_number(record, TRACE_COLUMN_LOST);
	const char *why = record_text(record, TRACE_COLUMN_LOST_WHY);

	draw_text(painter, record, "ended", TRACE_COLUMN_END_REASON);
	if (!field_flag(record, TRACE_COLUMN_FINISHED)) {
		field_label(painter, "cut off");
		paint(painter, STYLE_WARN,
		      "its writer was killed: the last events are missing, and how many is not "
		      "known");
		paint_newline(painter);
		return;
	}
	field_label(painter, "lost");
	paint_format(painter, lost ? STYLE_WARN : STYLE_PLAIN, "%lu event%s%s%s", lost,
		     plural(lost), *why ? ": " : "", why);
	paint_newline(painter);
}

static void draw_bytes(struct painter *painter, const struct dill_record *record)
{
	field_label(painter, "bytes");
	paint_format(painter, STYLE_PLAIN, "%lu asked for, %lu given, %lu wasted",
		     field_number(record, TRACE_COLUMN_REQUESTED),
		     field_number(record, TRACE_COLUMN_GIVEN),
		     field_number(record, TRACE_COLUMN_WASTE));
	paint_newline(painter);
	field_label(painter, "still alive");
	draw_counted(painter, record, STYLE_PLAIN, "", TRACE_COLUMN_ALIVE, "object");
	draw_counted(painter, record, STYLE_PLAIN, ", ", TRACE_COLUMN_ALIVE_BYTES, "byte");
	paint_newline(painter);
}

/* A count with an explanation; left out when it is 0. */
static void draw_count(struct painter *painter, const struct dill_record *record, enum style style,
		       const char *label, size_t column, const char *noun, const char *text)
{
	unsigned long count = field_number(record, column);

	if (!count)
		return;
	field_label(painter, label);
	paint_format(painter, style, "%lu %s%s%s", count, noun, plural(count), text);
	paint_newline(painter);
}

/* Without these the counts say too little. */
static void draw_untraced(struct painter *painter, const struct dill_record *record)
{
	if (!record->fields[TRACE_COLUMN_UNTRACED].present)
		return;
	field_label(painter, "not traced");
	paint_format(painter, STYLE_WARN, "%s: these calls are missing in all counts",
		     record_text(record, TRACE_COLUMN_UNTRACED));
	paint_newline(painter);
}

static struct dill_error *draw_trace(struct painter *painter, const struct dill_record *record)
{
	draw_heading(painter, record);
	draw_kernel(painter, record);
	draw_text(painter, record, "traced", TRACE_COLUMN_OPTIONS);
	draw_text(painter, record, "engine", TRACE_COLUMN_ENGINE);
	draw_text(painter, record, "backtraces by", TRACE_COLUMN_BACKTRACES);
	draw_start(painter, record);
	draw_end(painter, record);
	draw_count(painter, record, STYLE_PLAIN, "left out", TRACE_COLUMN_DISMISSED, "call",
		   " of others");
	draw_untraced(painter, record);
	draw_bytes(painter, record);
	draw_count(painter, record, STYLE_PLAIN, "freed unseen", TRACE_COLUMN_UNSEEN, "object",
		   ": the address was given out again without a free being seen");
	draw_count(painter, record, STYLE_PLAIN, "unknown frees", TRACE_COLUMN_UNKNOWN_FREES,
		   "object", ", allocated before the watch");
	draw_count(painter, record, STYLE_BAD, "double frees", TRACE_COLUMN_DOUBLE_FREES, "event",
		   "");
	draw_count(painter, record, STYLE_WARN, "contradictions", TRACE_COLUMN_CONTRADICTIONS,
		   "event", " with another allocation than they name");
	return NULL;
}

static const struct record_view trace_view = {.draw = draw_trace};

const struct dill_record_kind trace_record_kind = {
	.name = "trace",
	.doc = "What a trace amounts to as a whole; comes first.",
	.columns = trace_columns,
	.column_count = sizeof(trace_columns) / sizeof(trace_columns[0]),
	.view = &trace_view,
};

/* --- headings --- */

static const struct column list_columns[] = {
	[TRACE_LIST_NAME] = {"list", DILL_COLUMN_TEXT, NULL, "kind of the records in it"},
	[TRACE_LIST_TOTAL] = {"total", DILL_COLUMN_COUNT, NULL, "how many there are"},
	[TRACE_LIST_SHOWN] = {"shown", DILL_COLUMN_COUNT, NULL, "how many follow"},
	[TRACE_LIST_TITLE] = {"title", DILL_COLUMN_TEXT, NULL, "what they are, and in which order"},
};

static struct dill_error *draw_list(struct painter *painter, const struct dill_record *record)
{
	unsigned long total = field_number(record, TRACE_LIST_TOTAL);
	unsigned long shown = field_number(record, TRACE_LIST_SHOWN);

	paint(painter, STYLE_HEADING, record_text(record, TRACE_LIST_TITLE));
	if (shown < total)
		paint_format(painter, STYLE_DIM, " (%lu of %lu; -n 0 shows all)", shown, total);
	paint_newline(painter);
	return NULL;
}

static const struct record_view list_view = {.draw = draw_list, .heads = true, .apart = true};

const struct dill_record_kind trace_list_kind = {
	.name = "trace_list",
	.doc = "The heading of the records that follow.",
	.columns = list_columns,
	.column_count = sizeof(list_columns) / sizeof(list_columns[0]),
	.view = &list_view,
};

/* --- whole stacks --- */

static const struct column stack_columns[] = {
	[TRACE_STACK_OBJECTS] = {"objects", DILL_COLUMN_COUNT, NULL, "how many"},
	[TRACE_STACK_BYTES] = {"bytes", DILL_COLUMN_COUNT, NULL, "bytes given to them"},
	[TRACE_STACK_CACHE] = {"cache", DILL_COLUMN_TEXT, NULL, "as in trace_cache"},
	[TRACE_STACK_OLDEST] = {"oldest_ns", DILL_COLUMN_TIME, NULL,
				"age of the oldest at the end, in nanoseconds"},
	[TRACE_STACK_STACK] = {"stack", DILL_COLUMN_TEXTS, NULL,
			       "the caller and its callers, innermost first, up to where an "
			       "interrupt came in"},
};

static struct dill_error *draw_stack(struct painter *painter, const struct dill_record *record)
{
	const struct field *stack = &record->fields[TRACE_STACK_STACK];

	draw_counted(painter, record, STYLE_NUMBER, "  ", TRACE_STACK_BYTES, "byte");
	draw_counted(painter, record, STYLE_PLAIN, " in ", TRACE_STACK_OBJECTS, "object");
	paint(painter, STYLE_PLAIN, " of ");
	paint(painter, STYLE_NAME, record_text(record, TRACE_STACK_CACHE));
	paint(painter, STYLE_PLAIN, ", oldest ");
	draw_time(painter, STYLE_PLAIN, record_number(record, TRACE_STACK_OLDEST));
	paint_newline(painter);
	for (size_t i = 0; stack->present && i < stack->texts.count; i++) {
		paint_format(painter, STYLE_PLAIN, "      %s", stack->texts.items[i]);
		paint_newline(painter);
	}
	return NULL;
}

static const struct record_view stack_view = {.draw = draw_stack};

const struct dill_record_kind trace_stack_kind = {
	.name = "trace_stack",
	.doc = "Objects of one cache that are still alive, by whole stack; of traces with "
	       "backtraces.",
	.columns = stack_columns,
	.column_count = sizeof(stack_columns) / sizeof(stack_columns[0]),
	.view = &stack_view,
};

/* --- double frees --- */

static const struct column double_columns[] = {
	[TRACE_DOUBLE_SEQUENCE] = {"sequence", DILL_COLUMN_COUNT, NULL, "the second free"},
	[TRACE_DOUBLE_TIME] = {"time_ns", DILL_COLUMN_TIME, NULL,
			       "when, in nanoseconds since the trace began"},
	[TRACE_DOUBLE_ADDRESS] = {"object", DILL_COLUMN_ADDRESS, NULL, "address of the object"},
	[TRACE_DOUBLE_CACHE] = {"cache", DILL_COLUMN_TEXT, NULL, "as in trace_cache"},
	[TRACE_DOUBLE_PID] = {"pid", DILL_COLUMN_COUNT, NULL, "thread that freed it again"},
	[TRACE_DOUBLE_COMM] = {"comm", DILL_COLUMN_TEXT, NULL, "its name"},
	[TRACE_DOUBLE_CALLER] = {"caller", DILL_COLUMN_TEXT, NULL, "where"},
	[TRACE_DOUBLE_FIRST_SEQUENCE] = {"first_sequence", DILL_COLUMN_COUNT, NULL,
					 "the free before it; missing when it is not in the trace"},
	[TRACE_DOUBLE_FIRST_PID] = {"first_pid", DILL_COLUMN_COUNT, NULL, "thread that did that"},
	[TRACE_DOUBLE_FIRST_COMM] = {"first_comm", DILL_COLUMN_TEXT, NULL, "its name"},
	[TRACE_DOUBLE_FIRST_CALLER] = {"first_caller", DILL_COLUMN_TEXT, NULL, "where"},
	[TRACE_DOUBLE_ALLOC_SEQUENCE] = {"alloc_sequence", DILL_COLUMN_COUNT, NULL,
					 "event that had allocated it, when that was seen"},
};

static void draw_freer(struct painter *painter, const struct dill_record *record, size_t comm,
		       size_t pid, size_t caller)
{
	paint(painter, STYLE_PLAIN, " by ");
	paint(painter, STYLE_NAME, record_text(record, comm));
	paint_format(painter, STYLE_PLAIN, " (%lu) at %s", field_number(record, pid),
		     record_text(record, caller));
	paint_newline(painter);
}

static struct dill_error *draw_double(struct painter *painter, const struct dill_record *record)
{
	paint(painter, STYLE_BAD, "! ");
	paint_format(painter, STYLE_NAME, "%s: ", record_text(record, TRACE_DOUBLE_CACHE));
	paint_address(painter, record_number(record, TRACE_DOUBLE_ADDRESS));
	paint_format(painter, STYLE_PLAIN, " freed again: event %lu",
		     field_number(record, TRACE_DOUBLE_SEQUENCE));
	draw_freer(painter, record, TRACE_DOUBLE_COMM, TRACE_DOUBLE_PID, TRACE_DOUBLE_CALLER);
	if (!record->fields[TRACE_DOUBLE_FIRST_SEQUENCE].present)
		return NULL;
	paint(painter, STYLE_DIM, "  freed before");
	paint_format(painter, STYLE_PLAIN, ": event %lu",
		     field_number(record, TRACE_DOUBLE_FIRST_SEQUENCE));
	draw_freer(painter, record, TRACE_DOUBLE_FIRST_COMM, TRACE_DOUBLE_FIRST_PID,
		   TRACE_DOUBLE_FIRST_CALLER);
	return NULL;
}

static const struct record_view double_view = {.draw = draw_double};

const struct dill_record_kind trace_double_kind = {
	.name = "trace_double_free",
	.doc = "A free of an object that was free already.",
	.columns = double_columns,
	.column_count = sizeof(double_columns) / sizeof(double_columns[0]),
	.view = &double_view,
};
