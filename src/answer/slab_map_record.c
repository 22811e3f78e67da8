/* SPDX-License-Identifier: MIT */
#include "answer/slab_map_record.h"

#include "answer/heap_words.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct column place_columns[] = {
	[PLACE_COUNT_SYMBOL] = {"symbol", DILL_COLUMN_TEXT, NULL, "its character in maps"},
	[PLACE_COUNT_STATE] = {"state", DILL_COLUMN_ENUM, NULL, "what they are",
			       .words = &object_states},
	[PLACE_COUNT_PLACE] = {"place", DILL_COLUMN_ENUM, NULL,
			       "kind of list; absent for objects on no list",
			       .words = &place_kinds},
	[PLACE_COUNT_OBJECTS] = {"objects", DILL_COLUMN_COUNT, NULL, "how many objects are there"},
};

const struct dill_record_kind place_count_kind = {
	.name = "place_count",
	.doc = "How many objects are in one kind of place.",
	.columns = place_columns,
	.column_count = COUNT(place_columns),
};

static const struct column object_columns[] = {
	[STATE_COLUMN_INDEX] = {"index", DILL_COLUMN_COUNT, NULL, "its number in the slab, from 0"},
	[STATE_COLUMN_ADDRESS] = {"address", DILL_COLUMN_ADDRESS, NULL, "where it begins"},
	[STATE_COLUMN_STATE] = {"state", DILL_COLUMN_ENUM, NULL, "what it is",
				.words = &object_states},
	[STATE_COLUMN_PLACE] = {"place", DILL_COLUMN_ENUM, NULL,
				"kind of list that it is on; absent when it is on none",
				.words = &place_kinds},
	[STATE_COLUMN_CPU] = {"cpu", DILL_COLUMN_COUNT, NULL, "whose list, when it is a CPU's"},
	[STATE_COLUMN_NODE] = {"node", DILL_COLUMN_COUNT, NULL, "whose list, when it is a node's"},
	[STATE_COLUMN_LIST] = {"list", DILL_COLUMN_COUNT, NULL,
			       "number of the sheaf in its barn, of the slab on its list"},
	[STATE_COLUMN_POSITION] =
		{"position", DILL_COLUMN_COUNT, NULL,
		 "slot of a sheaf; place on a freelist, of which 0 is handed out first"},
	[STATE_COLUMN_CONTAINER] = {"container", DILL_COLUMN_ADDRESS, NULL,
				    "the sheaf, slab descriptor or page of pointers"},
};

const struct dill_record_kind object_state_kind = {
	.name = "object_state",
	.doc = "One object of a slab.",
	.columns = object_columns,
	.column_count = COUNT(object_columns),
};

static const struct column slab_columns[] = {
	[SLAB_MAP_CACHE] = {"cache", DILL_COLUMN_TEXT, NULL, "name of the cache"},
	[SLAB_MAP_SLAB] = {"slab", DILL_COLUMN_ADDRESS, NULL,
			   "its descriptor: struct slab, or struct page before 5.17"},
	[SLAB_MAP_BASE] = {"base", DILL_COLUMN_ADDRESS, NULL, "its memory in the direct map"},
	[SLAB_MAP_FIRST] = {"first", DILL_COLUMN_ADDRESS, NULL,
			    "its object 0, behind the red zone of debug caches"},
	[SLAB_MAP_SIZE] = {"size", DILL_COLUMN_COUNT, NULL, "bytes from one object to the next"},
	[SLAB_MAP_ORDER] = {"order", DILL_COLUMN_COUNT, NULL, "it has 2^order pages"},
	[SLAB_MAP_NODE] = {"node", DILL_COLUMN_COUNT, NULL, "NUMA node of its memory"},
	[SLAB_MAP_WHERE] = {"where", DILL_COLUMN_ENUM, NULL, "whose it is", .words = &slab_wheres},
	[SLAB_MAP_CPU] = {"cpu", DILL_COLUMN_COUNT, NULL, "CPU that has it; absent without one"},
	[SLAB_MAP_FROZEN] = {"frozen", DILL_COLUMN_BOOL, NULL, "it belongs to a CPU"},
	[SLAB_MAP_OBJECTS] = {"objects", DILL_COLUMN_COUNT, NULL, "objects in it"},
	[SLAB_MAP_INUSE] = {"inuse", DILL_COLUMN_COUNT, NULL,
			    "objects that are not on its own freelist, as the kernel counts them"},
	[SLAB_MAP_LIVE] = {"live", DILL_COLUMN_COUNT, NULL, "objects that are allocated"},
	[SLAB_MAP_CACHED] = {"cached", DILL_COLUMN_COUNT, NULL,
			     "free objects on CPUs' freelists, in sheaves and in barns"},
	[SLAB_MAP_FREE] = {"free", DILL_COLUMN_COUNT, NULL, "free objects on its own freelist"},
	[SLAB_MAP_WAITING] = {"waiting", DILL_COLUMN_COUNT, NULL,
			      "freed objects that cannot be had again yet"},
	[SLAB_MAP_UNKNOWN] = {"unknown", DILL_COLUMN_COUNT, NULL,
			      "objects found on no list while a list that could hold them is "
			      "broken or unreadable"},
	[SLAB_MAP_BROKEN] = {"broken", DILL_COLUMN_BOOL, NULL,
			     "one of its freelists has a finding"},
	[SLAB_MAP_MAP] = {"map", DILL_COLUMN_TEXT, NULL,
			  "one character for each object in order of address, as `help kslab` "
			  "has them"},
	[SLAB_MAP_CACHE_ADDRESS] = {"cache_address", DILL_COLUMN_ADDRESS, NULL,
				    "struct kmem_cache"},
	[SLAB_MAP_OBJECT_SIZE] = {"object_size", DILL_COLUMN_COUNT, NULL,
				  "bytes that a caller gets of each object"},
	[SLAB_MAP_MEMORY] = {"memory", DILL_COLUMN_COUNT, NULL, "bytes of the slab"},
	[SLAB_MAP_IN_MOTION] = {"in_motion", DILL_COLUMN_BOOL, NULL,
				"true when a CPU was stopped while it changed the cache's lists: "
				"an object between two lists counts as live"},
	[SLAB_MAP_ADDRESS] = {"address", DILL_COLUMN_ADDRESS, NULL, "what was asked for"},
	[SLAB_MAP_INDEX] = {"index", DILL_COLUMN_COUNT, NULL,
			    "number of the object that it is in; absent when it is in none"},
	[SLAB_MAP_OBJECT] = {"object", DILL_COLUMN_ADDRESS, NULL, "where that object begins"},
	[SLAB_MAP_OFFSET] = {"offset", DILL_COLUMN_SIGNED, NULL,
			     "from there to the address; negative in a red zone in front"},
	[SLAB_MAP_PLACES] = {"places", DILL_COLUMN_RECORDS, NULL, "its objects by kind of place",
			     &place_count_kind},
	[SLAB_MAP_STATES] = {"states", DILL_COLUMN_RECORDS, NULL,
			     "every object in order of address", &object_state_kind},
};

const struct dill_record_kind slab_map_kind = {
	.name = "slab_map",
	.doc = "A slab with the states of its objects.",
	.columns = slab_columns,
	.column_count = SLAB_MAP_MAP + 1,
};

const struct dill_record_kind slab_line_kind = {
	.name = "slab_map",
	.doc = "A slab with the states of its objects.",
	.columns = slab_columns,
	.column_count = SLAB_MAP_MAP + 1,
};

const struct dill_record_kind slab_detail_kind = {
	.name = "slab_detail",
	.doc = "A slab with the states of its objects, and each of these.",
	.columns = slab_columns,
	.column_count = COUNT(slab_columns),
};

static const struct column cache_columns[] = {
	[CACHE_MAP_NAME] = {"name", DILL_COLUMN_TEXT, NULL, "name of the cache"},
	[CACHE_MAP_ADDRESS] = {"address", DILL_COLUMN_ADDRESS, NULL, "its struct kmem_cache"},
	[CACHE_MAP_OBJECT_SIZE] = {"object_size", DILL_COLUMN_COUNT, NULL,
				   "bytes that a caller gets"},
	[CACHE_MAP_SIZE] = {"size", DILL_COLUMN_COUNT, NULL, "bytes from one object to the next"},
	[CACHE_MAP_OBJECTS_PER_SLAB] = {"objects_per_slab", DILL_COLUMN_COUNT, NULL,
					"objects in a slab"},
	[CACHE_MAP_ORDER] = {"order", DILL_COLUMN_COUNT, NULL, "a slab has 2^order pages"},
	[CACHE_MAP_SLABS] = {"slabs", DILL_COLUMN_COUNT, NULL,
			     "slabs found by their struct pages, without dying ones"},
	[CACHE_MAP_EMPTY] = {"empty_slabs", DILL_COLUMN_COUNT, NULL,
			     "those without an object in use"},
	[CACHE_MAP_PARTLY] = {"partly_used_slabs", DILL_COLUMN_COUNT, NULL,
			      "those with objects in use and others"},
	[CACHE_MAP_FULL] = {"full_slabs", DILL_COLUMN_COUNT, NULL,
			    "those with every object in use"},
	[CACHE_MAP_DYING] = {"dying_slabs", DILL_COLUMN_COUNT, NULL,
			     "slabs that are given back after a grace period; no sum here counts "
			     "them"},
	[CACHE_MAP_SHOWN] = {"shown_slabs", DILL_COLUMN_COUNT, NULL,
			     "slab_map records that follow, after the options that choose"},
	[CACHE_MAP_OBJECTS] = {"objects", DILL_COLUMN_COUNT, NULL, "objects in these slabs"},
	[CACHE_MAP_LIVE] = {"live", DILL_COLUMN_COUNT, NULL, "objects that are allocated"},
	[CACHE_MAP_CACHED] = {"cached", DILL_COLUMN_COUNT, NULL,
			      "free objects on CPUs' freelists, in sheaves and in barns"},
	[CACHE_MAP_FREE] = {"free", DILL_COLUMN_COUNT, NULL,
			    "free objects on their slabs' freelists"},
	[CACHE_MAP_WAITING] = {"waiting", DILL_COLUMN_COUNT, NULL,
			       "freed objects that cannot be had again yet"},
	[CACHE_MAP_UNKNOWN] = {"unknown", DILL_COLUMN_COUNT, NULL,
			       "objects found on no list while a list that could hold them is "
			       "broken or unreadable; they count as in use"},
	[CACHE_MAP_MEMORY] = {"memory", DILL_COLUMN_COUNT, NULL, "bytes of these slabs"},
	[CACHE_MAP_WASTED] = {"wasted", DILL_COLUMN_COUNT, NULL,
			      "of these, bytes that no object in use offers to its user: "
			      "free_bytes + overhead"},
	[CACHE_MAP_FREE_BYTES] = {"free_bytes", DILL_COLUMN_COUNT, NULL,
				  "bytes in objects that are not in use"},
	[CACHE_MAP_OVERHEAD] = {"overhead", DILL_COLUMN_COUNT, NULL,
				"bytes between objects and behind the last: padding, metadata"},
	[CACHE_MAP_IN_MOTION] = {"in_motion", DILL_COLUMN_BOOL, NULL,
				 "true when a CPU was stopped while it changed the cache's lists: "
				 "an object between two lists counts as live"},
	[CACHE_MAP_INCOMPLETE] = {"incomplete", DILL_COLUMN_TEXT, NULL,
				  "what could not be read, so that objects found nowhere are "
				  "unknown; absent when everything was"},
	[CACHE_MAP_PLACES] = {"places", DILL_COLUMN_RECORDS, NULL,
			      "objects of the shown slabs by kind of place", &place_count_kind},
};

const struct dill_record_kind cache_map_kind = {
	.name = "cache_map",
	.doc = "Sums over the slabs of a cache.",
	.columns = cache_columns,
	.column_count = COUNT(cache_columns),
};
