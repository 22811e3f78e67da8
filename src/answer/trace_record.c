/* SPDX-License-Identifier: MIT */
#include "answer/trace_record.h"

/* NOLINTBEGIN(bugprone-macro-parentheses): names and texts that are never part of an expression */
#define KIND(variable, word, text, table)                                                          \
	const struct dill_record_kind variable = {                                                 \
		.name = word,                                                                      \
		.doc = text,                                                                       \
		.columns = table,                                                                  \
		.column_count = sizeof(table) / sizeof((table)[0]),                                \
	}

/* NOLINTEND(bugprone-macro-parentheses) */

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

const struct dill_record_kind trace_record_kind = {
	.name = "trace",
	.doc = "What a trace amounts to as a whole; comes first.",
	.columns = trace_columns,
	.column_count = sizeof(trace_columns) / sizeof(trace_columns[0]),
};

static const struct column list_columns[] = {
	[TRACE_LIST_NAME] = {"list", DILL_COLUMN_TEXT, NULL, "kind of the records in it"},
	[TRACE_LIST_TOTAL] = {"total", DILL_COLUMN_COUNT, NULL, "how many there are"},
	[TRACE_LIST_SHOWN] = {"shown", DILL_COLUMN_COUNT, NULL, "how many follow"},
	[TRACE_LIST_TITLE] = {"title", DILL_COLUMN_TEXT, NULL, "what they are, and in which order"},
};

const struct dill_record_kind trace_list_kind = {
	.name = "trace_list",
	.doc = "The heading of the records that follow.",
	.columns = list_columns,
	.column_count = sizeof(list_columns) / sizeof(list_columns[0]),
};

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

const struct dill_record_kind trace_stack_kind = {
	.name = "trace_stack",
	.doc = "Objects of one cache that are still alive, by whole stack; of traces with "
	       "backtraces.",
	.columns = stack_columns,
	.column_count = sizeof(stack_columns) / sizeof(stack_columns[0]),
};

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

const struct dill_record_kind trace_double_kind = {
	.name = "trace_double_free",
	.doc = "A free of an object that was free already.",
	.columns = double_columns,
	.column_count = sizeof(double_columns) / sizeof(double_columns[0]),
};

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
