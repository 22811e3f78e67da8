/* SPDX-License-Identifier: MIT */
#include "answer/check_record.h"

static const struct column columns[] = {
	[CHECK_COLUMN_CACHES] = {"caches", DILL_COLUMN_COUNT, NULL, "caches that were checked"},
	[CHECK_COLUMN_SLABS] = {"slabs", DILL_COLUMN_COUNT, NULL,
				"their slabs, full ones included"},
	[CHECK_COLUMN_OBJECTS] = {"objects", DILL_COLUMN_COUNT, NULL, "objects in these"},
	[CHECK_COLUMN_BYTE_OBJECTS] = {"byte_objects", DILL_COLUMN_COUNT, NULL,
				       "objects whose red zones, poison or padding were checked"},
	[CHECK_COLUMN_SHADOW_OBJECTS] = {"shadow_objects", DILL_COLUMN_COUNT, NULL,
					 "objects whose shadow was compared with the lists "
					 "(KASAN)"},
	[CHECK_COLUMN_FINDINGS] = {"findings", DILL_COLUMN_COUNT, NULL, "findings, all of them"},
	[CHECK_COLUMN_IN_MOTION] = {"in_motion", DILL_COLUMN_TEXTS, NULL,
				    "what does not fit, where a CPU was stopped while it changed "
				    "it: no finding"},
	[CHECK_COLUMN_NOT_CHECKED] = {"not_checked", DILL_COLUMN_TEXTS, NULL,
				      "what could not be checked, and why"},
};

const struct dill_record_kind check_kind = {
	.name = "check_summary",
	.doc = "What a check has looked at, and what not; comes last, behind the findings.",
	.columns = columns,
	.column_count = sizeof(columns) / sizeof(columns[0]),
};
