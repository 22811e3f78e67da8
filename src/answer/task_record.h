/* SPDX-License-Identifier: MIT */
#ifndef ANSWER_TASK_RECORD_H
#define ANSWER_TASK_RECORD_H

#include "answer/record.h"

/** A thread: a row of the table, or all of it as lines. */
enum task_column {
	TASK_COLUMN_TASK,
	TASK_COLUMN_PID,
	TASK_COLUMN_TGID,
	TASK_COLUMN_PARENT_PID,
	TASK_COLUMN_UID,
	TASK_COLUMN_CPU,
	TASK_COLUMN_STATE,
	TASK_COLUMN_COMM,
	TASK_COLUMN_PARENT,
	TASK_COLUMN_STACK,
	TASK_COLUMN_MM,
	TASK_COLUMN_COUNT,
};
extern const struct dill_record_kind task_row_kind;
extern const struct dill_record_kind task_detail_kind;

#endif
