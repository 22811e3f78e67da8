/* SPDX-License-Identifier: MIT */
#ifndef ANSWER_FIND_RECORD_H
#define ANSWER_FIND_RECORD_H

#include "answer/record.h"

/** A place where what was looked for stands; a row. */
enum find_match_column {
	FIND_MATCH_OBJECT,
	FIND_MATCH_CACHE,
	FIND_MATCH_STATE,
	FIND_MATCH_OFFSET,
	FIND_MATCH_MEMBER,
	FIND_MATCH_VALUE,
	FIND_MATCH_POINTS_TO,
	FIND_MATCH_SELF,
	FIND_MATCH_ADDRESS,
	FIND_MATCH_SLAB,
	FIND_MATCH_OBJECT_SIZE,
};
extern const struct dill_record_kind find_match_kind;

/** With --ptr: to what pointers are looked for; a row. */
enum find_target_column {
	FIND_TARGET_OBJECT,
	FIND_TARGET_CACHE,
	FIND_TARGET_SIZE,
	FIND_TARGET_ADDRESS
};
extern const struct dill_record_kind find_target_kind;

/** Sums; a row. */
enum find_total_column {
	FIND_TOTAL_MATCHES,
	FIND_TOTAL_OBJECTS,
	FIND_TOTAL_SEARCHED,
	FIND_TOTAL_BLOCKS,
	FIND_TOTAL_UNREADABLE
};
extern const struct dill_record_kind find_total_kind;

#endif
