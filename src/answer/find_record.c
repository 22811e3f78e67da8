/* SPDX-License-Identifier: MIT */
#include "answer/find_record.h"

#include "answer/heap_words.h"

static const struct column columns[] = {
	[FIND_MATCH_OBJECT] = {"object", DILL_COLUMN_ADDRESS, "OBJECT", "the object that holds it"},
	[FIND_MATCH_CACHE] = {"cache", DILL_COLUMN_TEXT, "CACHE", "name of its cache"},
	[FIND_MATCH_STATE] = {"state", DILL_COLUMN_ENUM, "STATE", "the object's",
			      .words = &object_states},
	[FIND_MATCH_OFFSET] = {"offset", DILL_COLUMN_COUNT, "OFFSET", "where in the object"},
	[FIND_MATCH_MEMBER] = {"member", DILL_COLUMN_TEXT, "MEMBER",
			       "the member there, where the cache is that of one struct"},
	[FIND_MATCH_VALUE] = {"value", DILL_COLUMN_ADDRESS, "VALUE",
			      "with --ptr: the pointer that was found"},
	[FIND_MATCH_POINTS_TO] = {"points_to", DILL_COLUMN_COUNT, NULL,
				  "with --ptr: how far behind the start of the object it points"},
	[FIND_MATCH_SELF] = {"self", DILL_COLUMN_BOOL, "SELF",
			     "with --ptr: true when it is the object itself that points to itself"},
	[FIND_MATCH_ADDRESS] = {"address", DILL_COLUMN_ADDRESS, NULL, "object + offset"},
	[FIND_MATCH_SLAB] =
		{"slab", DILL_COLUMN_ADDRESS, NULL,
		 "descriptor of the object's slab, or the first struct page of a block"},
	[FIND_MATCH_OBJECT_SIZE] = {"object_size", DILL_COLUMN_COUNT, NULL,
				    "bytes that a caller gets"},
};

const struct dill_record_kind find_match_kind = {
	.name = "match",
	.doc = "A place in an object where what was looked for stands.",
	.columns = columns,
	.column_count = sizeof(columns) / sizeof(columns[0]),
};

static const struct column target_columns[] = {
	[FIND_TARGET_OBJECT] =
		{"object", DILL_COLUMN_ADDRESS, "POINTERS INTO",
		 "start of the object that the address lies in, or the address itself "
		 "when it lies in none"},
	[FIND_TARGET_CACHE] = {"cache", DILL_COLUMN_TEXT, "CACHE",
			       "name of the object's cache; absent when it lies in no object: only "
			       "pointers to the very address are looked for then"},
	[FIND_TARGET_SIZE] = {"size", DILL_COLUMN_COUNT, "SIZE",
			      "bytes that pointers may point to"},
	[FIND_TARGET_ADDRESS] = {"address", DILL_COLUMN_ADDRESS, NULL, "as it was asked for"},
};

const struct dill_record_kind find_target_kind = {
	.name = "find_target",
	.doc = "With --ptr, first: to what pointers are looked for.",
	.columns = target_columns,
	.column_count = sizeof(target_columns) / sizeof(target_columns[0]),
};

static const struct column total_columns[] = {
	[FIND_TOTAL_MATCHES] = {"matches", DILL_COLUMN_COUNT, "MATCHES",
				"places that were found, shown or not"},
	[FIND_TOTAL_OBJECTS] = {"objects", DILL_COLUMN_COUNT, "OBJECTS",
				"objects that they are in"},
	[FIND_TOTAL_SEARCHED] = {"searched", DILL_COLUMN_COUNT, "SEARCHED",
				 "objects that were looked into"},
	[FIND_TOTAL_BLOCKS] = {"searched_blocks", DILL_COLUMN_COUNT, "BLOCKS",
			       "blocks of large kmalloc() that were looked into"},
	[FIND_TOTAL_UNREADABLE] = {"unreadable_slabs", DILL_COLUMN_COUNT, "UNREADABLE SLABS",
				   "slabs and blocks whose memory could not be read"},
};

const struct dill_record_kind find_total_kind = {
	.name = "find_total",
	.doc = "How much was found, and in how much.",
	.columns = total_columns,
	.column_count = sizeof(total_columns) / sizeof(total_columns[0]),
};
