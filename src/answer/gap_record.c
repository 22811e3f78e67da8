/* SPDX-License-Identifier: MIT */
#include "answer/gap_record.h"

static const struct column columns[] = {
	[GAP_COLUMN_WHY] = {"why", DILL_COLUMN_TEXT, NULL,
			    "what could not be read, or why sites are in doubt"},
	[GAP_COLUMN_FILE] = {"file", DILL_COLUMN_TEXT, NULL,
			     "diff: the file that it is about; else absent"},
	[GAP_COLUMN_TEXT] = {"text", DILL_COLUMN_TEXT, NULL, "what that means, in a sentence"},
};

const struct dill_record_kind gap_kind = {
	.name = "gap",
	.doc = "Why objects are unknown that are on no list: what could hold them was not read. "
	       "Or why the places where objects were allocated may be those of former owners. "
	       "Nothing need be broken.",
	.columns = columns,
	.column_count = sizeof(columns) / sizeof(columns[0]),
};
