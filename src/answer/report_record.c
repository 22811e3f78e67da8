/* SPDX-License-Identifier: MIT */
#include "answer/report_record.h"

static const struct column page_columns[] = {
	[REPORT_PAGE_FILE] = {"file", DILL_COLUMN_TEXT, NULL, "where it was written"},
	[REPORT_PAGE_BYTES] = {"bytes", DILL_COLUMN_COUNT, NULL, "its size"},
	[REPORT_PAGE_OBJECTS] = {"objects", DILL_COLUMN_COUNT, NULL,
				 "objects that it shows as bars"},
	[REPORT_PAGE_LEFT_OUT] =
		{"objects_left_out", DILL_COLUMN_COUNT, NULL,
		 "objects that it does not show as bars, as there are too many; its sums "
		 "count them"},
};

const struct dill_record_kind report_page_kind = {
	.name = "trace_page",
	.doc = "A page that was written.",
	.columns = page_columns,
	.column_count = sizeof(page_columns) / sizeof(page_columns[0]),
};

static const struct column folded_columns[] = {
	[REPORT_FOLDED_FILE] = {"file", DILL_COLUMN_TEXT, NULL, "where they were written"},
	[REPORT_FOLDED_STACKS] = {"stacks", DILL_COLUMN_COUNT, NULL, "lines"},
	[REPORT_FOLDED_BYTES] = {"bytes_given", DILL_COLUMN_COUNT, NULL, "sum over all of them"},
};

const struct dill_record_kind report_folded_kind = {
	.name = "trace_folded",
	.doc = "Folded stacks that were written.",
	.columns = folded_columns,
	.column_count = sizeof(folded_columns) / sizeof(folded_columns[0]),
};

static const struct column folded_text_columns[] = {
	[REPORT_TEXT] = {"text", DILL_COLUMN_TEXT, NULL, "the lines; has newlines"},
};

const struct dill_record_kind report_folded_text_kind = {
	.name = "trace_folded_text",
	.doc = "Folded stacks themselves, with `--folded -`.",
	.columns = folded_text_columns,
	.column_count = sizeof(folded_text_columns) / sizeof(folded_text_columns[0]),
};

static const struct column page_text_columns[] = {
	[REPORT_TEXT] = {"text", DILL_COLUMN_TEXT, NULL, "the page, HTML; has newlines"},
};

const struct dill_record_kind report_page_text_kind = {
	.name = "trace_page_text",
	.doc = "A page itself, with `--html -`.",
	.columns = page_text_columns,
	.column_count = sizeof(page_text_columns) / sizeof(page_text_columns[0]),
};
