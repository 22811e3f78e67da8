/* SPDX-License-Identifier: MIT */
#ifndef ANSWER_CHECK_RECORD_H
#define ANSWER_CHECK_RECORD_H

#include "answer/record.h"

/** What a check has looked at, and what not; its findings are records of their own. */
enum check_column {
	CHECK_COLUMN_CACHES,
	CHECK_COLUMN_SLABS,
	CHECK_COLUMN_OBJECTS,
	CHECK_COLUMN_BYTE_OBJECTS,
	CHECK_COLUMN_SHADOW_OBJECTS,
	CHECK_COLUMN_FINDINGS,
	CHECK_COLUMN_IN_MOTION,
	CHECK_COLUMN_NOT_CHECKED,
};

extern const struct dill_record_kind check_kind;

#endif
