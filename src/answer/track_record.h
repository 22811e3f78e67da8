/* SPDX-License-Identifier: MIT */
#ifndef ANSWER_TRACK_RECORD_H
#define ANSWER_TRACK_RECORD_H

#include "answer/record.h"

/** Who allocated or freed an object; lies inside of other records. */
enum track_column {
	TRACK_COLUMN_EVENT,
	TRACK_COLUMN_PID,
	TRACK_COLUMN_COMM,
	TRACK_COLUMN_CPU,
	TRACK_COLUMN_JIFFIES,
	TRACK_COLUMN_NANOSECONDS,
	TRACK_COLUMN_CALLER,
	TRACK_COLUMN_STACK,
	TRACK_COLUMN_ADDRESSES,
};

extern const struct dill_record_kind track_kind;

#endif
