/* SPDX-License-Identifier: MIT */
#include "answer/task_record.h"

static const struct column task_columns[] = {
	[TASK_COLUMN_TASK] = {"task", DILL_COLUMN_ADDRESS, "TASK", "address of the task_struct"},
	[TASK_COLUMN_PID] = {"pid", DILL_COLUMN_COUNT, "PID", "number of the thread"},
	[TASK_COLUMN_TGID] = {"tgid", DILL_COLUMN_COUNT, "TGID", "number of the process",
			      .rank = 4},
	[TASK_COLUMN_PARENT_PID] = {"parent_pid", DILL_COLUMN_COUNT, "PPID",
				    "number of the parent process", .rank = 3},
	[TASK_COLUMN_UID] = {"uid", DILL_COLUMN_COUNT, "UID", "real user id", .rank = 5},
	[TASK_COLUMN_CPU] = {"cpu", DILL_COLUMN_COUNT, "CPU", "CPU that it runs on, or ran on last",
			     .rank = 2},
	[TASK_COLUMN_STATE] = {"state", DILL_COLUMN_TEXT, "STATE", "state as in /proc/PID/status"},
	[TASK_COLUMN_COMM] = {"comm", DILL_COLUMN_TEXT, "COMM", "name, escaped for display"},
	[TASK_COLUMN_PARENT] = {"parent", DILL_COLUMN_ADDRESS, NULL,
				"address of the parent's task_struct"},
	[TASK_COLUMN_STACK] = {"stack", DILL_COLUMN_ADDRESS, NULL,
			       "lowest address of the kernel stack"},
	[TASK_COLUMN_MM] = {"mm", DILL_COLUMN_ADDRESS, NULL,
			    "address of the mm_struct; absent without one"},
};

#define TASK_KIND                                                                                  \
	.name = "task", .doc = "A process or thread.", .columns = task_columns,                    \
	.column_count = TASK_COLUMN_COUNT

const struct dill_record_kind task_row_kind = {TASK_KIND};

/* The same record, asked for by number: everything is shown. */
const struct dill_record_kind task_detail_kind = {TASK_KIND};
