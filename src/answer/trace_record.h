/* SPDX-License-Identifier: MIT */
#ifndef ANSWER_TRACE_RECORD_H
#define ANSWER_TRACE_RECORD_H

#include "answer/record.h"

/* What a recorded trace amounts to. */

/** The whole trace; drawn as a picture. */
enum trace_column {
	TRACE_COLUMN_EVENTS,
	TRACE_COLUMN_DURATION,
	TRACE_COLUMN_ALLOCS,
	TRACE_COLUMN_FAILED,
	TRACE_COLUMN_FREES,
	TRACE_COLUMN_REQUESTS,
	TRACE_COLUMN_REQUESTED,
	TRACE_COLUMN_GIVEN,
	TRACE_COLUMN_WASTE,
	TRACE_COLUMN_ALIVE,
	TRACE_COLUMN_ALIVE_BYTES,
	TRACE_COLUMN_UNSEEN,
	TRACE_COLUMN_DOUBLE_FREES,
	TRACE_COLUMN_UNKNOWN_FREES,
	TRACE_COLUMN_CONTRADICTIONS,
	TRACE_COLUMN_FINISHED,
	TRACE_COLUMN_END_REASON,
	TRACE_COLUMN_LOST,
	TRACE_COLUMN_LOST_WHY,
	TRACE_COLUMN_DISMISSED,
	TRACE_COLUMN_UNTRACED,
	TRACE_COLUMN_BANNER,
	TRACE_COLUMN_OPTIONS,
	TRACE_COLUMN_ENGINE,
	TRACE_COLUMN_BACKTRACES,
	TRACE_COLUMN_START_TIME,
	TRACE_COLUMN_WRITER,
};
extern const struct dill_record_kind trace_record_kind;

/** The heading of a list, and how much of it is shown. */
enum trace_list_column {
	TRACE_LIST_NAME,
	TRACE_LIST_TOTAL,
	TRACE_LIST_SHOWN,
	TRACE_LIST_TITLE,
};
extern const struct dill_record_kind trace_list_kind;

/** Sums by cache, caller or process: the columns that the three kinds end with. */
enum trace_group_column {
	TRACE_GROUP_NAME,
	TRACE_GROUP_ID, /**< address of the cache or caller, tgid */
	TRACE_GROUP_ALLOCS,
	TRACE_GROUP_FAILED,
	TRACE_GROUP_FREES,
	TRACE_GROUP_REQUESTS,
	TRACE_GROUP_REQUESTED,
	TRACE_GROUP_GIVEN,
	TRACE_GROUP_WASTE,
	TRACE_GROUP_ALIVE,
	TRACE_GROUP_ALIVE_BYTES,
	TRACE_GROUP_UNSEEN,
	TRACE_GROUP_MEDIAN_AGE,
	TRACE_GROUP_MEAN_AGE,
};
extern const struct dill_record_kind trace_cache_kind;
extern const struct dill_record_kind trace_caller_kind;
extern const struct dill_record_kind trace_process_kind;

/** Objects of one cache and caller that are still alive. */
enum trace_alive_column {
	TRACE_ALIVE_CACHE,
	TRACE_ALIVE_CALLER,
	TRACE_ALIVE_OBJECTS,
	TRACE_ALIVE_BYTES,
	TRACE_ALIVE_OLDEST,
};
extern const struct dill_record_kind trace_alive_kind;

/** Objects of one cache that are still alive, by who had called whom. */
enum trace_stack_column {
	TRACE_STACK_OBJECTS,
	TRACE_STACK_BYTES,
	TRACE_STACK_CACHE,
	TRACE_STACK_OLDEST,
	TRACE_STACK_STACK,
};
extern const struct dill_record_kind trace_stack_kind;

/** One object that is still alive. */
enum trace_object_column {
	TRACE_OBJECT_SEQUENCE,
	TRACE_OBJECT_TIME,
	TRACE_OBJECT_AGE,
	TRACE_OBJECT_ADDRESS,
	TRACE_OBJECT_CACHE,
	TRACE_OBJECT_REQUESTED,
	TRACE_OBJECT_GIVEN,
	TRACE_OBJECT_PID,
	TRACE_OBJECT_COMM,
	TRACE_OBJECT_CALLER,
	TRACE_OBJECT_REQUEST,
};
extern const struct dill_record_kind trace_object_kind;

enum trace_double_column {
	TRACE_DOUBLE_SEQUENCE,
	TRACE_DOUBLE_TIME,
	TRACE_DOUBLE_ADDRESS,
	TRACE_DOUBLE_CACHE,
	TRACE_DOUBLE_PID,
	TRACE_DOUBLE_COMM,
	TRACE_DOUBLE_CALLER,
	TRACE_DOUBLE_FIRST_SEQUENCE,
	TRACE_DOUBLE_FIRST_PID,
	TRACE_DOUBLE_FIRST_COMM,
	TRACE_DOUBLE_FIRST_CALLER,
	TRACE_DOUBLE_ALLOC_SEQUENCE,
};
extern const struct dill_record_kind trace_double_kind;

/** Frees of objects that were allocated before the watch, by cache and caller. */
enum trace_unknown_column {
	TRACE_UNKNOWN_CACHE,
	TRACE_UNKNOWN_CALLER,
	TRACE_UNKNOWN_FREES,
};
extern const struct dill_record_kind trace_unknown_kind;

/** A slab that one process filled alone. */
enum trace_slab_column {
	TRACE_SLAB_ADDRESS,
	TRACE_SLAB_CACHE,
	TRACE_SLAB_OBJECTS,
	TRACE_SLAB_ALIVE,
	TRACE_SLAB_PID,
	TRACE_SLAB_COMM,
	TRACE_SLAB_FIRST,
	TRACE_SLAB_LAST,
};
extern const struct dill_record_kind trace_slab_kind;

#endif
