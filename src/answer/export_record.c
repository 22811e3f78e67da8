/* SPDX-License-Identifier: MIT */
#include "answer/export_record.h"

static const struct column columns[] = {
	[EXPORT_COLUMN_FILE] = {"file", DILL_COLUMN_TEXT, "FILE", "where it was written"},
	[EXPORT_COLUMN_CACHES] = {"caches", DILL_COLUMN_COUNT, "CACHES", "rows of the table cache"},
	[EXPORT_COLUMN_SLABS] = {"slabs", DILL_COLUMN_COUNT, "SLABS", "rows of the table slab"},
	[EXPORT_COLUMN_OBJECTS] = {"objects", DILL_COLUMN_COUNT, "OBJECTS",
				   "rows of the table object: objects in use"},
	[EXPORT_COLUMN_PLACES] = {"free_places", DILL_COLUMN_COUNT, "FREE PLACES",
				  "rows of the table free_place: all others"},
	[EXPORT_COLUMN_SITES] = {"sites", DILL_COLUMN_COUNT, "SITES",
				 "rows of the table site: where objects were allocated"},
	[EXPORT_COLUMN_LARGE] = {"large", DILL_COLUMN_COUNT, "LARGE",
				 "rows of the table large: blocks of large kmalloc()"},
};

const struct dill_record_kind export_kind = {
	.name = "heap_export",
	.doc = "A heap that was written to a file.",
	.columns = columns,
	.column_count = sizeof(columns) / sizeof(columns[0]),
};
