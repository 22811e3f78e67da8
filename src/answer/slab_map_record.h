/* SPDX-License-Identifier: MIT */
#ifndef ANSWER_SLAB_MAP_RECORD_H
#define ANSWER_SLAB_MAP_RECORD_H

#include "answer/record.h"

/** One slab with the state of each of its objects. */
enum slab_map_column {
	SLAB_MAP_CACHE,
	SLAB_MAP_SLAB,
	SLAB_MAP_BASE,
	SLAB_MAP_FIRST,
	SLAB_MAP_SIZE,
	SLAB_MAP_ORDER,
	SLAB_MAP_NODE,
	SLAB_MAP_WHERE,
	SLAB_MAP_CPU,
	SLAB_MAP_FROZEN,
	SLAB_MAP_OBJECTS,
	SLAB_MAP_INUSE,
	SLAB_MAP_LIVE,
	SLAB_MAP_CACHED,
	SLAB_MAP_FREE,
	SLAB_MAP_WAITING,
	SLAB_MAP_UNKNOWN,
	SLAB_MAP_BROKEN,
	SLAB_MAP_MAP,
	/* from here on only in the detailed kind */
	SLAB_MAP_CACHE_ADDRESS,
	SLAB_MAP_OBJECT_SIZE,
	SLAB_MAP_MEMORY,
	SLAB_MAP_IN_MOTION,
	SLAB_MAP_ADDRESS,
	SLAB_MAP_INDEX,
	SLAB_MAP_OBJECT,
	SLAB_MAP_OFFSET,
	SLAB_MAP_PLACES,
	SLAB_MAP_STATES,
};
/** Slabs of a cache side by side, as many as fit on a line. */
extern const struct dill_record_kind slab_map_kind;
/** The same, one at a time. JSON of both has "record": "slab_map". */
extern const struct dill_record_kind slab_line_kind;

/** One slab in full; its columns begin with those of the others. */
extern const struct dill_record_kind slab_detail_kind;

/** Sums over a cache, in front of its slabs. */
enum cache_map_column {
	CACHE_MAP_NAME,
	CACHE_MAP_ADDRESS,
	CACHE_MAP_OBJECT_SIZE,
	CACHE_MAP_SIZE,
	CACHE_MAP_OBJECTS_PER_SLAB,
	CACHE_MAP_ORDER,
	CACHE_MAP_SLABS,
	CACHE_MAP_EMPTY,
	CACHE_MAP_PARTLY,
	CACHE_MAP_FULL,
	CACHE_MAP_DYING,
	CACHE_MAP_SHOWN,
	CACHE_MAP_OBJECTS,
	CACHE_MAP_LIVE,
	CACHE_MAP_CACHED,
	CACHE_MAP_FREE,
	CACHE_MAP_WAITING,
	CACHE_MAP_UNKNOWN,
	CACHE_MAP_MEMORY,
	CACHE_MAP_WASTED,
	CACHE_MAP_FREE_BYTES,
	CACHE_MAP_OVERHEAD,
	CACHE_MAP_IN_MOTION,
	CACHE_MAP_INCOMPLETE,
	CACHE_MAP_PLACES,
};
extern const struct dill_record_kind cache_map_kind;

/** How many objects are where; a legend. */
enum place_count_column {
	PLACE_COUNT_SYMBOL,
	PLACE_COUNT_STATE,
	PLACE_COUNT_PLACE,
	PLACE_COUNT_OBJECTS,
};
extern const struct dill_record_kind place_count_kind;

/** One object of a slab. */
enum object_state_column {
	STATE_COLUMN_INDEX,
	STATE_COLUMN_ADDRESS,
	STATE_COLUMN_STATE,
	STATE_COLUMN_PLACE,
	STATE_COLUMN_CPU,
	STATE_COLUMN_NODE,
	STATE_COLUMN_LIST,
	STATE_COLUMN_POSITION,
	STATE_COLUMN_CONTAINER,
};
extern const struct dill_record_kind object_state_kind;

#endif
