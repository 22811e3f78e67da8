/* SPDX-License-Identifier: MIT */
#include "render/trace_kinds.h"

/* NOLINTBEGIN(bugprone-macro-parentheses): names and texts that are never part of an expression */
#define KIND(variable, word, text, table)                                                          \
	const struct dill_record_kind variable = {                                                 \
		.name = word,                                                                      \
		.doc = text,                                                                       \
		.columns = table,                                                                  \
		.column_count = sizeof(table) / sizeof((table)[0]),                                \
	}

/* NOLINTEND(bugprone-macro-parentheses) */

#define GROUP_COLUMNS                                                                              \
	[TRACE_GROUP_ALLOCS] = {"allocs", DILL_COLUMN_COUNT, "ALLOCS",                             \
				"allocations that gave an "                                        \
				"object"},                                                         \
	[TRACE_GROUP_FAILED] = {"failed", DILL_COLUMN_COUNT, NULL, "allocations that failed"},     \
	[TRACE_GROUP_FREES] = {"frees", DILL_COLUMN_COUNT, "FREES", "frees, of whatever object"},  \
	[TRACE_GROUP_REQUESTS] = {"requests", DILL_COLUMN_COUNT, NULL,                             \
				  "objects handed to kfree_rcu() and the like"},                   \
	[TRACE_GROUP_REQUESTED] = {"bytes_requested",                                              \
				   DILL_COLUMN_COUNT,                                              \
				   "ASKED",                                                        \
				   "bytes that the allocations asked for",                         \
				   .unit = UNIT_BYTES,                                             \
				   .rank = 3},                                                     \
	[TRACE_GROUP_GIVEN] = {"bytes_given",	      DILL_COLUMN_COUNT,  "GIVEN",                 \
			       "bytes that they got", .unit = UNIT_BYTES, .rank = 2},              \
	[TRACE_GROUP_WASTE] = {"bytes_wasted",                                                     \
			       DILL_COLUMN_COUNT,                                                  \
			       "WASTED",                                                           \
			       "bytes_given less bytes_requested; 0 when more was asked for",      \
			       .unit = UNIT_BYTES,                                                 \
			       .rank = 4},                                                         \
	[TRACE_GROUP_ALIVE] = {"alive", DILL_COLUMN_COUNT, "ALIVE",                                \
			       "allocated objects that were not freed while watched"},             \
	[TRACE_GROUP_ALIVE_BYTES] = {"alive_bytes",	     DILL_COLUMN_COUNT,	 "ALIVE BYTES",    \
				     "bytes given to these", .unit = UNIT_BYTES, .rank = 1},       \
	[TRACE_GROUP_UNSEEN] = {"freed_unseen", DILL_COLUMN_COUNT, NULL,                           \
				"allocated objects whose address was given out again without a "   \
				"free being seen"},                                                \
	[TRACE_GROUP_MEDIAN_AGE] = {"median_age_ns", DILL_COLUMN_TIME, "MEDIAN AGE",               \
				    "nanoseconds from allocation to free, of the allocated "       \
				    "objects that were freed: the median, of an even number the "  \
				    "lower one",                                                   \
				    .rank = 5},                                                    \
	[TRACE_GROUP_MEAN_AGE] = {"mean_age_ns", DILL_COLUMN_TIME, "MEAN AGE",                     \
				  "the same: the mean, rounded down", .rank = 6},

static const struct column cache_columns[] = {
	[TRACE_GROUP_NAME] = {"cache", DILL_COLUMN_TEXT, "CACHE",
			      "its name; (large) for whole pages without a slab, (unknown)"},
	[TRACE_GROUP_ID] = {"address", DILL_COLUMN_ADDRESS, NULL, "of its kmem_cache"},
	GROUP_COLUMNS};
KIND(trace_cache_kind, "trace_cache", "Sums over the events of one cache.", cache_columns);

static const struct column caller_columns[] = {
	[TRACE_GROUP_NAME] = {"caller", DILL_COLUMN_TEXT, "CALLER",
			      "where the allocator was called, as symbol+offset"},
	[TRACE_GROUP_ID] = {"address", DILL_COLUMN_ADDRESS, NULL, "the return address"},
	GROUP_COLUMNS};
KIND(trace_caller_kind, "trace_caller",
     "Sums over the events of one caller; of objects, those that it allocated.", caller_columns);

static const struct column process_columns[] = {
	[TRACE_GROUP_NAME] = {"comm", DILL_COLUMN_TEXT, "PROCESS",
			      "its name, that of most events when it changed"},
	[TRACE_GROUP_ID] = {"pid", DILL_COLUMN_COUNT, "PID",
			    "of the process, all its threads (tgid)"},
	GROUP_COLUMNS};
KIND(trace_process_kind, "trace_process",
     "Sums over the events of one process; of objects, those that it allocated.", process_columns);

static const struct column alive_columns[] = {
	[TRACE_ALIVE_CACHE] = {"cache", DILL_COLUMN_TEXT, "CACHE", "as in trace_cache"},
	[TRACE_ALIVE_CALLER] = {"caller", DILL_COLUMN_TEXT, "CALLER", "who allocated them"},
	[TRACE_ALIVE_OBJECTS] = {"objects", DILL_COLUMN_COUNT, "OBJECTS", "how many"},
	[TRACE_ALIVE_BYTES] = {"bytes", DILL_COLUMN_COUNT, "BYTES", "given to them",
			       .unit = UNIT_BYTES},
	[TRACE_ALIVE_OLDEST] = {"oldest_ns", DILL_COLUMN_TIME, "OLDEST",
				"age of the oldest at the end of the trace, in nanoseconds"},
};
KIND(trace_alive_kind, "trace_alive",
     "Objects that one caller allocated from one cache and that were not freed while watched.",
     alive_columns);

static const struct column object_columns[] = {
	[TRACE_OBJECT_SEQUENCE] = {"sequence", DILL_COLUMN_COUNT, "EVENT",
				   "event that allocated it"},
	[TRACE_OBJECT_TIME] = {"time_ns", DILL_COLUMN_TIME, "TIME",
			       "when, in nanoseconds since the trace began", .rank = 4},
	[TRACE_OBJECT_AGE] = {"age_ns", DILL_COLUMN_TIME, "AGE", "at the end of the trace"},
	[TRACE_OBJECT_ADDRESS] = {"object", DILL_COLUMN_ADDRESS, "OBJECT", "its address"},
	[TRACE_OBJECT_CACHE] = {"cache", DILL_COLUMN_TEXT, "CACHE", "as in trace_cache"},
	[TRACE_OBJECT_REQUESTED] = {"bytes_requested", DILL_COLUMN_COUNT, "ASKED",
				    "bytes asked for", .rank = 5},
	[TRACE_OBJECT_GIVEN] = {"bytes_given", DILL_COLUMN_COUNT, "GIVEN", "bytes given",
				.rank = 2},
	[TRACE_OBJECT_PID] = {"pid", DILL_COLUMN_COUNT, "PID", "thread that allocated it",
			      .rank = 6},
	[TRACE_OBJECT_COMM] = {"comm", DILL_COLUMN_TEXT, "COMM", "its name", .rank = 3},
	[TRACE_OBJECT_CALLER] = {"caller", DILL_COLUMN_TEXT, "CALLER", "who allocated it"},
	[TRACE_OBJECT_REQUEST] = {"request_sequence", DILL_COLUMN_COUNT, "REQUESTED BY",
				  "event that handed it to kfree_rcu() or the like: it is to be "
				  "freed"},
};
KIND(trace_object_kind, "trace_object", "An object that was not freed while watched.",
     object_columns);

static const struct column unknown_columns[] = {
	[TRACE_UNKNOWN_CACHE] = {"cache", DILL_COLUMN_TEXT, "CACHE", "as in trace_cache"},
	[TRACE_UNKNOWN_CALLER] = {"caller", DILL_COLUMN_TEXT, "FREED BY", "who freed them"},
	[TRACE_UNKNOWN_FREES] = {"frees", DILL_COLUMN_COUNT, "FREES", "how many"},
};
KIND(trace_unknown_kind, "trace_unknown_free",
     "Frees of objects whose allocation was not seen: they were allocated before the watch.",
     unknown_columns);

static const struct column slab_columns[] = {
	[TRACE_SLAB_ADDRESS] = {"slab", DILL_COLUMN_ADDRESS, "SLAB", "its memory"},
	[TRACE_SLAB_CACHE] = {"cache", DILL_COLUMN_TEXT, "CACHE", "name of its cache"},
	[TRACE_SLAB_OBJECTS] = {"objects", DILL_COLUMN_COUNT, "OBJECTS", "how many it has"},
	[TRACE_SLAB_ALIVE] = {"alive", DILL_COLUMN_COUNT, "ALIVE",
			      "allocations from it that were not freed while watched"},
	[TRACE_SLAB_PID] = {"pid", DILL_COLUMN_COUNT, "PID", "of the process (tgid)"},
	[TRACE_SLAB_COMM] = {"comm", DILL_COLUMN_TEXT, "PROCESS", "its name"},
	[TRACE_SLAB_FIRST] = {"first_ns", DILL_COLUMN_TIME, "FROM",
			      "when its first object was allocated"},
	[TRACE_SLAB_LAST] = {"last_ns", DILL_COLUMN_TIME, "FILLED AT",
			     "when the last of its objects was allocated for the first time"},
};
KIND(trace_slab_kind, "trace_slab",
     "A slab that one process filled alone: of each of its objects the first event in the trace is "
     "an allocation by that process.",
     slab_columns);
