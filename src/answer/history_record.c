/* SPDX-License-Identifier: MIT */
#include "answer/history_record.h"

#include "answer/heap_words.h"

static const struct column columns[] = {
	[HISTORY_COLUMN_ADDRESS] = {"address", DILL_COLUMN_ADDRESS, NULL,
				    "the address asked about"},
	[HISTORY_COLUMN_EVENTS] = {"events", DILL_COLUMN_COUNT, NULL,
				   "events of objects that held it; they follow"},
	[HISTORY_COLUMN_ALLOCS] = {"allocs", DILL_COLUMN_COUNT, NULL, "allocations among them"},
	[HISTORY_COLUMN_STATE] = {"state", DILL_COLUMN_ENUM, NULL,
				  "live or free, after the last event; missing without events",
				  .words = &object_states},
};

const struct dill_record_kind history_kind = {
	.name = "history",
	.doc = "What a trace knows of the memory at an address; comes first.",
	.columns = columns,
	.column_count = sizeof(columns) / sizeof(columns[0]),
};

static const struct column event_columns[] = {
	[HISTORY_EVENT_SEQUENCE] = {"sequence", DILL_COLUMN_COUNT, "EVENT", "number of the event"},
	[HISTORY_EVENT_TIME] = {"time_ns", DILL_COLUMN_TIME, "TIME",
				"when, in nanoseconds since the trace began", .rank = 3},
	[HISTORY_EVENT_EVENT] = {"event", DILL_COLUMN_ENUM, "WHAT",
				 "what happened; request is kfree_rcu() and the like",
				 .words = &event_words},
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

const struct dill_record_kind history_stack_kind = {EVENT_KIND};
