/* SPDX-License-Identifier: MIT */
#include "answer/aliases_record.h"

static const struct column columns[] = {
	[ALIASES_COLUMN_NAME] = {"name", DILL_COLUMN_TEXT, "NAME", "name of the cache"},
	[ALIASES_COLUMN_USERS] = {"refcount", DILL_COLUMN_SIGNED, "USERS",
				  "users: more than 1 after merging, -1 for boot caches"},
	[ALIASES_COLUMN_FOLDER] =
		{"folder", DILL_COLUMN_TEXT, "FOLDER",
		 "its folder in /sys/kernel/slab; a made-up name for caches that may be "
		 "merged"},
	[ALIASES_COLUMN_ALIASES] =
		{"aliases", DILL_COLUMN_TEXTS, "ALIASES",
		 "links to that folder other than the cache's own name: the users it was "
		 "merged with"},
	[ALIASES_COLUMN_ADDRESS] = {"address", DILL_COLUMN_ADDRESS, NULL, "its struct kmem_cache"},
};

const struct dill_record_kind aliases_kind = {
	.name = "aliases",
	.doc = "The names of a cache in sysfs.",
	.columns = columns,
	.column_count = sizeof(columns) / sizeof(columns[0]),
};
