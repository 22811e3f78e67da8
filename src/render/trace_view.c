/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "answer/trace_record.h"
#include "render/fields.h"
#include "render/time_text.h"
#include "render/views.h"

/* --- the trace --- */

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

const struct record_view trace_view = {.draw = draw_trace};

/* --- headings --- */

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

const struct record_view trace_list_view = {.draw = draw_list, .heads = true, .apart = true};

/* --- whole stacks --- */

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

const struct record_view trace_stack_view = {.draw = draw_stack};

/* --- double frees --- */

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

const struct record_view trace_double_view = {.draw = draw_double};
