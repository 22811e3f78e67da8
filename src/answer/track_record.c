/* SPDX-License-Identifier: MIT */
#include "answer/track_record.h"

#include "answer/heap_words.h"

static const struct column columns[] = {
	[TRACK_COLUMN_EVENT] = {"event", DILL_COLUMN_ENUM, NULL, "alloc or free",
				.words = &event_words},
	[TRACK_COLUMN_PID] = {"pid", DILL_COLUMN_SIGNED, NULL, "thread that did it"},
	[TRACK_COLUMN_COMM] = {"comm", DILL_COLUMN_TEXT, NULL,
			       "name of the thread that has this number now, escaped for display; "
			       "missing when none has"},
	[TRACK_COLUMN_CPU] = {"cpu", DILL_COLUMN_COUNT, NULL, "CPU it ran on"},
	[TRACK_COLUMN_JIFFIES] = {"jiffies", DILL_COLUMN_COUNT, NULL, "when, in jiffies"},
	[TRACK_COLUMN_NANOSECONDS] = {"nanoseconds", DILL_COLUMN_COUNT, NULL,
				      "when, in nanoseconds since boot (KFENCE)"},
	[TRACK_COLUMN_CALLER] = {"caller", DILL_COLUMN_TEXT, NULL,
				 "who called the allocator, as symbol+offset"},
	[TRACK_COLUMN_STACK] = {"stack", DILL_COLUMN_TEXTS, NULL,
				"return addresses as symbol+offset, innermost first"},
	[TRACK_COLUMN_ADDRESSES] = {"addresses", DILL_COLUMN_ADDRESSES, NULL,
				    "the same as numbers"},
};

const struct dill_record_kind track_kind = {
	.name = "track",
	.doc = "Who allocated or freed an object.",
	.columns = columns,
	.column_count = sizeof(columns) / sizeof(columns[0]),
};
