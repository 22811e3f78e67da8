/* SPDX-License-Identifier: MIT */
#include "answer/event_record.h"

#include "answer/heap_words.h"

static const struct column columns[] = {
	[EVENT_COLUMN_SEQUENCE] = {"sequence", DILL_COLUMN_COUNT, NULL,
				   "number of the event, from 1"},
	[EVENT_COLUMN_TIME] = {"time_ns", DILL_COLUMN_COUNT, NULL,
			       "when, in nanoseconds since the trace began"},
	[EVENT_COLUMN_CPU] = {"cpu", DILL_COLUMN_COUNT, NULL, "CPU it happened on"},
	[EVENT_COLUMN_PID] = {"pid", DILL_COLUMN_COUNT, NULL,
			      "current thread; in an interrupt the one that was interrupted"},
	[EVENT_COLUMN_TGID] = {"tgid", DILL_COLUMN_COUNT, NULL, "its process"},
	[EVENT_COLUMN_COMM] = {"comm", DILL_COLUMN_TEXT, NULL, "name of the thread"},
	[EVENT_COLUMN_EVENT] = {"event", DILL_COLUMN_ENUM, NULL,
				"what happened; request is kfree_rcu() and the like",
				.words = &event_words},
	[EVENT_COLUMN_FUNCTION] = {"function", DILL_COLUMN_TEXT, NULL,
				   "function of the allocator that was called"},
	[EVENT_COLUMN_CACHE] = {"cache", DILL_COLUMN_TEXT, NULL,
				"cache of the object; missing for whole pages"},
	[EVENT_COLUMN_OBJECT] = {"object", DILL_COLUMN_ADDRESS, NULL,
				 "address of the object; missing when the allocation failed"},
	[EVENT_COLUMN_REQUESTED] = {"bytes_requested", DILL_COLUMN_COUNT, NULL,
				    "of an allocation: bytes asked for"},
	[EVENT_COLUMN_GIVEN] = {"bytes_given", DILL_COLUMN_COUNT, NULL,
				"of an allocation: bytes that it takes"},
	[EVENT_COLUMN_GFP] = {"gfp", DILL_COLUMN_TEXT, NULL, "of an allocation: its flags by name"},
	[EVENT_COLUMN_CALLER] = {"caller", DILL_COLUMN_TEXT, NULL,
				 "where the allocator was called, as symbol+offset"},
	[EVENT_COLUMN_CALLER_ADDRESS] = {"caller_address", DILL_COLUMN_ADDRESS, NULL,
					 "the same as a number"},
	[EVENT_COLUMN_ALLOC_SEQUENCE] = {"alloc_sequence", DILL_COLUMN_COUNT, NULL,
					 "of a free or request: event that allocated the object, "
					 "when it was seen"},
	[EVENT_COLUMN_AGE] = {"age_ns", DILL_COLUMN_COUNT, NULL,
			      "of a free or request: nanoseconds since that event"},
	[EVENT_COLUMN_BULK] = {"bulk", DILL_COLUMN_BOOL, NULL,
			       "one of several objects of one call"},
	[EVENT_COLUMN_LARGE] = {"large", DILL_COLUMN_BOOL, NULL,
				"whole pages, no object of a slab"},
	[EVENT_COLUMN_FOREIGN] = {"foreign", DILL_COLUMN_BOOL, NULL,
				  "freed by a process or on a CPU that is not followed, the object "
				  "being one that is"},
	[EVENT_COLUMN_STACK] = {"stack", DILL_COLUMN_TEXTS, NULL,
				"return addresses behind the caller as symbol+offset, innermost "
				"first"},
};

const struct dill_record_kind event_kind = {
	.name = "trace_event",
	.doc = "An allocation or free, as it happens.",
	.columns = columns,
	.column_count = sizeof(columns) / sizeof(columns[0]),
};
