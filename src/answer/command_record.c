/* SPDX-License-Identifier: MIT */
#include "answer/command_record.h"

static const struct column command_columns[] = {
	[COMMAND_COLUMN_NAME] = {"name", DILL_COLUMN_TEXT, "COMMAND", "name of the command"},
	[COMMAND_COLUMN_SUMMARY] = {"summary", DILL_COLUMN_TEXT, "SUMMARY", "one line"},
};

const struct dill_record_kind command_kind = {
	.name = "command",
	.doc = "One of dill's commands.",
	.columns = command_columns,
	.column_count = sizeof(command_columns) / sizeof(command_columns[0]),
};
