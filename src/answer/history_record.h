/* SPDX-License-Identifier: MIT */
#ifndef ANSWER_HISTORY_RECORD_H
#define ANSWER_HISTORY_RECORD_H

#include "answer/record.h"

/** What the events that follow are about; a line. */
enum history_column {
	HISTORY_COLUMN_ADDRESS,
	HISTORY_COLUMN_EVENTS,
	HISTORY_COLUMN_ALLOCS,
	HISTORY_COLUMN_STATE,
};

extern const struct dill_record_kind history_kind;

/** One event of an object that held the address; a row. */
enum history_event_column {
	HISTORY_EVENT_SEQUENCE,
	HISTORY_EVENT_TIME,
	HISTORY_EVENT_EVENT,
	HISTORY_EVENT_AGE,
	HISTORY_EVENT_FREE,
	HISTORY_EVENT_COMM,
	HISTORY_EVENT_PID,
	HISTORY_EVENT_CPU,
	HISTORY_EVENT_CALLER,
	HISTORY_EVENT_FUNCTION,
	HISTORY_EVENT_CACHE,
	HISTORY_EVENT_OBJECT,
	HISTORY_EVENT_REQUESTED,
	HISTORY_EVENT_GIVEN,
	HISTORY_EVENT_GFP,
	HISTORY_EVENT_ALLOC_SEQUENCE,
	HISTORY_EVENT_FOREIGN,
	HISTORY_EVENT_STACK,
};

extern const struct dill_record_kind history_event_kind;

/** The same record of a trace with backtraces: lines with the callers below, no table. */
extern const struct dill_record_kind history_stack_kind;

#endif
