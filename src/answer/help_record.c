/* SPDX-License-Identifier: MIT */
#include "answer/help_record.h"

static const struct column help_columns[] = {
	[HELP_COLUMN_COMMAND] = {"command", DILL_COLUMN_TEXT, NULL, "name of the command"},
	[HELP_COLUMN_TEXT] = {"text", DILL_COLUMN_TEXT, NULL,
			      "its usage, options and description; has newlines"},
};

const struct dill_record_kind help_kind = {
	.name = "help",
	.doc = "How a command is used.",
	.columns = help_columns,
	.column_count = sizeof(help_columns) / sizeof(help_columns[0]),
};
