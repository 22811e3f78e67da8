/* SPDX-License-Identifier: MIT */
#ifndef ANSWER_EXPORT_RECORD_H
#define ANSWER_EXPORT_RECORD_H

#include "answer/record.h"

/** A heap that was written to a file; a row. */
enum export_column {
	EXPORT_COLUMN_FILE,
	EXPORT_COLUMN_CACHES,
	EXPORT_COLUMN_SLABS,
	EXPORT_COLUMN_OBJECTS,
	EXPORT_COLUMN_PLACES,
	EXPORT_COLUMN_SITES,
	EXPORT_COLUMN_LARGE
};
extern const struct dill_record_kind export_kind;

#endif
