/* SPDX-License-Identifier: MIT */
#include "render/history_view.h"

#include "render/fields.h"

static const struct column columns[] = {
	[HISTORY_COLUMN_ADDRESS] = {"address", COLUMN_ADDRESS, NULL, "the address asked about"},
	[HISTORY_COLUMN_EVENTS] = {"events", COLUMN_COUNT, NULL,
				   "events of objects that held it; they follow"},
	[HISTORY_COLUMN_ALLOCS] = {"allocs", COLUMN_COUNT, NULL, "allocations among them"},
	[HISTORY_COLUMN_STATE] = {"state", COLUMN_TEXT, NULL,
				  "after the last event: live or free; missing without events"},
};

static struct dill_error *draw(struct painter *painter, const struct record *record)
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

const struct record_kind history_kind = {
	.name = "history",
	.doc = "What a trace knows of the memory at an address; comes first.",
	.columns = columns,
	.column_count = sizeof(columns) / sizeof(columns[0]),
	.view = &view,
};

static const struct column event_columns[] = {
	[HISTORY_EVENT_SEQUENCE] = {"sequence", COLUMN_COUNT, "EVENT", "number of the event"},
	[HISTORY_EVENT_TIME] = {"time_ns", COLUMN_TIME, "TIME",
				"when, in nanoseconds since the trace began"},
	[HISTORY_EVENT_EVENT] = {"event", COLUMN_TEXT, "WHAT",
				 "alloc, free, double free, or request (kfree_rcu() and the like)"},
	[HISTORY_EVENT_AGE] = {"age_ns", COLUMN_TIME, "AGE",
			       "of a free or request: nanoseconds since the allocation, when that "
			       "was seen"},
	[HISTORY_EVENT_FREE] = {"free_ns", COLUMN_TIME, "FREE FOR",
				"of an allocation: nanoseconds since the free before it"},
	[HISTORY_EVENT_COMM] = {"comm", COLUMN_TEXT, "COMM", "name of the thread that did it"},
	[HISTORY_EVENT_PID] = {"pid", COLUMN_COUNT, "PID", "the thread"},
	[HISTORY_EVENT_CPU] = {"cpu", COLUMN_COUNT, "CPU", "where it ran"},
	[HISTORY_EVENT_CALLER] = {"caller", COLUMN_TEXT, "CALLER",
				  "where the allocator was called, as symbol+offset"},
	[HISTORY_EVENT_FUNCTION] = {"function", COLUMN_TEXT, NULL,
				    "function of the allocator that was called"},
	[HISTORY_EVENT_CACHE] = {"cache", COLUMN_TEXT, "CACHE",
				 "name of the object's cache; missing without one"},
	[HISTORY_EVENT_OBJECT] = {"object", COLUMN_ADDRESS, "OBJECT", "where the object begins"},
	[HISTORY_EVENT_REQUESTED] = {"bytes_requested", COLUMN_COUNT, "ASKED",
				     "of an allocation: bytes asked for"},
	[HISTORY_EVENT_GIVEN] = {"bytes_given", COLUMN_COUNT, "GIVEN",
				 "of an allocation: bytes given"},
	[HISTORY_EVENT_GFP] = {"gfp", COLUMN_TEXT, NULL, "of an allocation: its flags"},
	[HISTORY_EVENT_ALLOC_SEQUENCE] = {"alloc_sequence", COLUMN_COUNT, NULL,
					  "of a free or request: the event that allocated the "
					  "object"},
	[HISTORY_EVENT_FOREIGN] = {"foreign", COLUMN_BOOL, NULL,
				   "true when a process or CPU did it that was not followed"},
	[HISTORY_EVENT_STACK] = {"stack", COLUMN_TEXTS, NULL,
				 "callers of the caller, innermost first; with a trace that has "
				 "backtraces"},
};

const struct record_kind history_event_kind = {
	.name = "history_event",
	.doc = "An event of an object that held the address, in the order of happening.",
	.columns = event_columns,
	.column_count = sizeof(event_columns) / sizeof(event_columns[0]),
};
