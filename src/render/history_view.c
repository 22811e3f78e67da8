/* SPDX-License-Identifier: MIT */
#include "render/history_view.h"

#include "render/fields.h"
#include "render/time_text.h"

static const struct column columns[] = {
	[HISTORY_COLUMN_ADDRESS] = {"address", DILL_COLUMN_ADDRESS, NULL,
				    "the address asked about"},
	[HISTORY_COLUMN_EVENTS] = {"events", DILL_COLUMN_COUNT, NULL,
				   "events of objects that held it; they follow"},
	[HISTORY_COLUMN_ALLOCS] = {"allocs", DILL_COLUMN_COUNT, NULL, "allocations among them"},
	[HISTORY_COLUMN_STATE] = {"state", DILL_COLUMN_TEXT, NULL,
				  "after the last event: live or free; missing without events"},
};

static struct dill_error *draw(struct painter *painter, const struct dill_record *record)
{
	unsigned long events = field_number(record, HISTORY_COLUMN_EVENTS);
	unsigned long allocs = field_number(record, HISTORY_COLUMN_ALLOCS);

	paint_address(painter, record_number(record, HISTORY_COLUMN_ADDRESS));
	if (!events) {
		paint(painter, STYLE_PLAIN, ": no event of the trace is about it");
		paint_newline(painter);
		return NULL;
	}
	paint_format(painter, STYLE_PLAIN, ": %lu event%s, allocated %lu time%s, at the end %s",
		     events, events == 1 ? "" : "s", allocs, allocs == 1 ? "" : "s",
		     record_text(record, HISTORY_COLUMN_STATE));
	paint_newline(painter);
	return NULL;
}

static const struct record_view view = {.draw = draw, .heads = true};

const struct dill_record_kind history_kind = {
	.name = "history",
	.doc = "What a trace knows of the memory at an address; comes first.",
	.columns = columns,
	.column_count = sizeof(columns) / sizeof(columns[0]),
	.view = &view,
};

static const struct column event_columns[] = {
	[HISTORY_EVENT_SEQUENCE] = {"sequence", DILL_COLUMN_COUNT, "EVENT", "number of the event"},
	[HISTORY_EVENT_TIME] = {"time_ns", DILL_COLUMN_TIME, "TIME",
				"when, in nanoseconds since the trace began", .rank = 3},
	[HISTORY_EVENT_EVENT] = {"event", DILL_COLUMN_TEXT, "WHAT",
				 "alloc, free, double free, or request (kfree_rcu() and the like)"},
	[HISTORY_EVENT_AGE] = {"age_ns", DILL_COLUMN_TIME, "AGE",
			       "of a free or request: nanoseconds since the allocation, when that "
			       "was seen"},
	[HISTORY_EVENT_FREE] = {"free_ns", DILL_COLUMN_TIME, "FREE FOR",
				"of an allocation: nanoseconds since the free before it",
				.rank = 4},
	[HISTORY_EVENT_COMM] = {"comm", DILL_COLUMN_TEXT, "COMM", "name of the thread that did it"},
	[HISTORY_EVENT_PID] = {"pid", DILL_COLUMN_COUNT, "PID", "the thread", .rank = 5},
	[HISTORY_EVENT_CPU] = {"cpu", DILL_COLUMN_COUNT, "CPU", "where it ran", .rank = 8},
	[HISTORY_EVENT_CALLER] = {"caller", DILL_COLUMN_TEXT, "CALLER",
				  "where the allocator was called, as symbol+offset"},
	[HISTORY_EVENT_FUNCTION] = {"function", DILL_COLUMN_TEXT, NULL,
				    "function of the allocator that was called"},
	[HISTORY_EVENT_CACHE] = {"cache", DILL_COLUMN_TEXT, "CACHE",
				 "name of the object's cache; missing without one"},
	[HISTORY_EVENT_OBJECT] = {"object", DILL_COLUMN_ADDRESS, "OBJECT",
				  "where the object begins"},
	[HISTORY_EVENT_REQUESTED] = {"bytes_requested", DILL_COLUMN_COUNT, "ASKED",
				     "of an allocation: bytes asked for", .rank = 7},
	[HISTORY_EVENT_GIVEN] = {"bytes_given", DILL_COLUMN_COUNT, "GIVEN",
				 "of an allocation: bytes given", .rank = 6},
	[HISTORY_EVENT_GFP] = {"gfp", DILL_COLUMN_TEXT, NULL, "of an allocation: its flags"},
	[HISTORY_EVENT_ALLOC_SEQUENCE] = {"alloc_sequence", DILL_COLUMN_COUNT, NULL,
					  "of a free or request: the event that allocated the "
					  "object"},
	[HISTORY_EVENT_FOREIGN] = {"foreign", DILL_COLUMN_BOOL, NULL,
				   "true when a process or CPU did it that was not followed"},
	[HISTORY_EVENT_STACK] = {"stack", DILL_COLUMN_TEXTS, NULL,
				 "callers of the caller, innermost first; with a trace that has "
				 "backtraces"},
};

#define EVENT_KIND                                                                                 \
	.name = "history_event",                                                                   \
	.doc = "An event of an object that held the address, in the order of happening.",          \
	.columns = event_columns, .column_count = sizeof(event_columns) / sizeof(event_columns[0])

const struct dill_record_kind history_event_kind = {EVENT_KIND};

static void draw_since(struct painter *painter, const struct dill_record *record, size_t column,
		       const char *before, const char *behind)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf text = {0};

	if (!record->fields[column].present)
		return;
	time_append(&text, record_number(record, column));
	paint_format(painter, STYLE_DIM, "%s%s%s", before, strbuf_get(&text), behind);
}

static void draw_event_line(struct painter *painter, const struct dill_record *record)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf time = {0};
	const char *cache = record_text(record, HISTORY_EVENT_CACHE);

	time_append(&time, record_number(record, HISTORY_EVENT_TIME));
	paint_format(painter, STYLE_NUMBER, "%lu", field_number(record, HISTORY_EVENT_SEQUENCE));
	paint_format(painter, STYLE_PLAIN, "  %s  %s", strbuf_get(&time),
		     record_text(record, HISTORY_EVENT_EVENT));
	draw_since(painter, record, HISTORY_EVENT_AGE, " after ", "");
	draw_since(painter, record, HISTORY_EVENT_FREE, " when it was free for ", "");
	paint(painter, STYLE_PLAIN, " by ");
	paint(painter, STYLE_NAME, record_text(record, HISTORY_EVENT_COMM));
	paint_format(painter, STYLE_PLAIN, " (%lu) on CPU %lu, ",
		     field_number(record, HISTORY_EVENT_PID),
		     field_number(record, HISTORY_EVENT_CPU));
	paint(painter, STYLE_NAME, *cache ? cache : "pages");
	paint(painter, STYLE_PLAIN, " ");
	paint_address(painter, record_number(record, HISTORY_EVENT_OBJECT));
	if (record->fields[HISTORY_EVENT_REQUESTED].present)
		paint_format(painter, STYLE_PLAIN, ", %lu of %lu bytes",
			     field_number(record, HISTORY_EVENT_REQUESTED),
			     field_number(record, HISTORY_EVENT_GIVEN));
	paint_newline(painter);
}

static void draw_frame(struct painter *painter, const char *name)
{
	paint_format(painter, STYLE_PLAIN, "      %s", name);
	paint_newline(painter);
}

static struct dill_error *draw_event(struct painter *painter, const struct dill_record *record)
{
	const struct field *stack = &record->fields[HISTORY_EVENT_STACK];

	draw_event_line(painter, record);
	if (record->fields[HISTORY_EVENT_CALLER].present)
		draw_frame(painter, record_text(record, HISTORY_EVENT_CALLER));
	for (size_t i = 0; stack->present && i < stack->texts.count; i++)
		draw_frame(painter, stack->texts.items[i]);
	return NULL;
}

static const struct record_view event_view = {.draw = draw_event};

const struct dill_record_kind history_stack_kind = {EVENT_KIND, .view = &event_view};
