/* SPDX-License-Identifier: MIT */
#include "answer/note_record.h"

static const struct column columns[] = {
	[NOTE_TEXT] = {"text", DILL_COLUMN_TEXT, NULL, "what there is to say"},
};

const struct dill_record_kind note_kind = {
	.name = "note",
	.doc = "A remark below a table.",
	.columns = columns,
	.column_count = sizeof(columns) / sizeof(columns[0]),
};
