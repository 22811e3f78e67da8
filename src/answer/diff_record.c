/* SPDX-License-Identifier: MIT */
#include "answer/diff_record.h"

#define CHANGE_COLUMNS                                                                             \
	[DIFF_COLUMN_CHANGE] =                                                                     \
		{"change", DILL_COLUMN_TEXT, "CHANGE",                                             \
		 "appeared: only in B, went: only in A, grew or shrank: by memory, or, "           \
		 "where that is the same, by objects"},                                            \
	[DIFF_COLUMN_CACHE] = {"cache", DILL_COLUMN_TEXT, "CACHE", "name of the cache"},           \
	[DIFF_COLUMN_MEMORY_CHANGE] = {"memory_change", DILL_COLUMN_SIGNED, "MEMORY +/-",          \
				       "bytes in B minus bytes in A", .unit = UNIT_BYTES},         \
	[DIFF_COLUMN_LIVE_CHANGE] = {"live_change", DILL_COLUMN_SIGNED, "OBJECTS +/-",             \
				     "objects in use in B minus those in A"},                      \
	[DIFF_COLUMN_MEMORY_A] = {"memory_a",	DILL_COLUMN_COUNT,  "MEMORY A",                    \
				  "bytes in A", .unit = UNIT_BYTES, .rank = 4},                    \
	[DIFF_COLUMN_MEMORY_B] = {"memory_b",	DILL_COLUMN_COUNT,  "MEMORY B",                    \
				  "bytes in B", .unit = UNIT_BYTES, .rank = 3},                    \
	[DIFF_COLUMN_LIVE_A] = {"live_a", DILL_COLUMN_COUNT, "OBJECTS A", "objects in use in A",   \
				.rank = 6},                                                        \
	[DIFF_COLUMN_LIVE_B] = {"live_b", DILL_COLUMN_COUNT, "OBJECTS B", "objects in use in B",   \
				.rank = 5}

static const struct column cache_columns[] = {
	CHANGE_COLUMNS,
	[DIFF_COLUMN_SLABS_A] = {"slabs_a", DILL_COLUMN_COUNT, "SLABS A", "slabs in A", .rank = 8},
	[DIFF_COLUMN_SLABS_B] = {"slabs_b", DILL_COLUMN_COUNT, "SLABS B", "slabs in B", .rank = 7},
};

const struct dill_record_kind diff_cache_kind = {
	.name = "diff_cache",
	.doc = "A cache that is not the same in both heaps; its memory is that of its slabs. "
	       "Blocks "
	       "of large kmalloc() are the cache large_kmalloc.",
	.columns = cache_columns,
	.column_count = DIFF_CACHE_COLUMNS,
};

static const struct column site_columns[] = {
	CHANGE_COLUMNS,
	[DIFF_COLUMN_SITE] =
		{"site", DILL_COLUMN_TEXT, "SITE",
		 "where the objects were allocated; absent where that is not recorded"},
};

const struct dill_record_kind diff_site_kind = {
	.name = "diff_site",
	.doc = "A place of which not the same objects are in use; their memory, metadata included.",
	.columns = site_columns,
	.column_count = DIFF_COLUMN_SITE + 1,
};

static const struct column total_columns[] = {
	[DIFF_TOTAL_MEMORY_CHANGE] =
		{"memory_change", DILL_COLUMN_SIGNED, "TOTAL MEMORY +/-",
		 "bytes of slabs and blocks of large kmalloc() in B minus bytes in "
		 "A",
		 .unit = UNIT_BYTES},
	[DIFF_TOTAL_LIVE_CHANGE] = {"live_change", DILL_COLUMN_SIGNED, "OBJECTS +/-",
				    "objects in use in B minus those in A"},
	[DIFF_TOTAL_CACHES] = {"caches", DILL_COLUMN_COUNT, "CACHES",
			       "caches that are not the same"},
	[DIFF_TOTAL_SITES] = {"sites", DILL_COLUMN_COUNT, "SITES", "sites that are not the same"},
	[DIFF_TOTAL_SECONDS] = {"seconds", DILL_COLUMN_SIGNED, "SECONDS",
				"from A to B, by the clock of the host that exported them; absent "
				"with a dump"},
	[DIFF_TOTAL_KERNEL_CHANGE] =
		{"kernel_change", DILL_COLUMN_SIGNED, "KERNEL COUNTS +/-",
		 "bytes that the kernel counts as slab memory, in B minus those in "
		 "A; absent where one has only some caches, or the counters are not "
		 "known",
		 .unit = UNIT_BYTES},
};

const struct dill_record_kind diff_total_kind = {
	.name = "diff_total",
	.doc = "All caches together.",
	.columns = total_columns,
	.column_count = sizeof(total_columns) / sizeof(total_columns[0]),
};

static const struct column object_columns[] = {
	[DIFF_OBJECT_CHANGE] = {"change", DILL_COLUMN_TEXT, "CHANGE",
				"went: in use in A, appeared: in use in B"},
	[DIFF_OBJECT_OBJECT] = {"object", DILL_COLUMN_ADDRESS, "OBJECT", "its address"},
	[DIFF_OBJECT_CACHE] = {"cache", DILL_COLUMN_TEXT, "CACHE", "name of its cache"},
	[DIFF_OBJECT_REQUESTED] = {"requested_size", DILL_COLUMN_COUNT, "REQUESTED",
				   "bytes that were asked for, where that is recorded", .rank = 2},
	[DIFF_OBJECT_SITE] = {"site", DILL_COLUMN_TEXT, "SITE",
			      "where it was allocated, where that is recorded"},
	[DIFF_OBJECT_PID] = {"pid", DILL_COLUMN_SIGNED, "PID", "task that allocated it, likewise",
			     .rank = 3},
	[DIFF_OBJECT_AGE] = {"age_ns", DILL_COLUMN_TIME, "AGE",
			     "its age when the heap was exported", .rank = 1},
};

const struct dill_record_kind diff_object_kind = {
	.name = "diff_object",
	.doc = "An object that is in use in one of the two heaps only.",
	.columns = object_columns,
	.column_count = sizeof(object_columns) / sizeof(object_columns[0]),
};
