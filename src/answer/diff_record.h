/* SPDX-License-Identifier: MIT */
#ifndef ANSWER_DIFF_RECORD_H
#define ANSWER_DIFF_RECORD_H

#include "answer/record.h"

/** A cache, or a site, that is not the same in both heaps; a row. */
enum diff_column {
	DIFF_COLUMN_CHANGE,
	DIFF_COLUMN_CACHE,
	DIFF_COLUMN_MEMORY_CHANGE,
	DIFF_COLUMN_LIVE_CHANGE,
	DIFF_COLUMN_MEMORY_A,
	DIFF_COLUMN_MEMORY_B,
	DIFF_COLUMN_LIVE_A,
	DIFF_COLUMN_LIVE_B,
	DIFF_COLUMN_SLABS_A,
	DIFF_COLUMN_SLABS_B,
	DIFF_CACHE_COLUMNS,
	DIFF_COLUMN_SITE = DIFF_COLUMN_SLABS_A,
};
extern const struct dill_record_kind diff_cache_kind;
extern const struct dill_record_kind diff_site_kind;

/** All caches together; a row. */
enum diff_total_column {
	DIFF_TOTAL_MEMORY_CHANGE,
	DIFF_TOTAL_LIVE_CHANGE,
	DIFF_TOTAL_CACHES,
	DIFF_TOTAL_SITES,
	DIFF_TOTAL_SECONDS,
	DIFF_TOTAL_KERNEL_CHANGE,
};
extern const struct dill_record_kind diff_total_kind;

/** An object that is in use in one of them only; a row. */
enum diff_object_column {
	DIFF_OBJECT_CHANGE,
	DIFF_OBJECT_OBJECT,
	DIFF_OBJECT_CACHE,
	DIFF_OBJECT_REQUESTED,
	DIFF_OBJECT_SITE,
	DIFF_OBJECT_PID,
	DIFF_OBJECT_AGE
};
extern const struct dill_record_kind diff_object_kind;

#endif
