/* SPDX-License-Identifier: MIT */
#ifndef ANSWER_LAYOUT_RECORD_H
#define ANSWER_LAYOUT_RECORD_H

#include "answer/record.h"

/** What a line of a type's definition is about. */
enum layout_word {
	LAYOUT_IS_VOID,
	LAYOUT_IS_INT,
	LAYOUT_IS_FLOAT,
	LAYOUT_IS_POINTER,
	LAYOUT_IS_ARRAY,
	LAYOUT_IS_STRUCT,
	LAYOUT_IS_UNION,
	LAYOUT_IS_ENUM,
	LAYOUT_IS_FORWARD,
	LAYOUT_IS_FUNCTION,
	LAYOUT_IS_ENUMERATOR,
	LAYOUT_IS_HOLE,
	LAYOUT_IS_PADDING,
	LAYOUT_IS_SAME,
	LAYOUT_IS_MORE,
	LAYOUT_IS_BROKEN,
};

/**
 * The layout of a type in memory as records: one per line of its definition, in the order of the
 * definition. The first stands for the type itself (depth 0); a struct or union that is expanded is
 * followed by its members one level deeper and by its sum (layout_end_kind).
 */
enum layout_column {
	LAYOUT_TYPE,
	LAYOUT_MEMBER,
	LAYOUT_NAME,
	LAYOUT_DEPTH,
	LAYOUT_KIND,
	LAYOUT_OFFSET,
	LAYOUT_SIZE,
	LAYOUT_BIT_OFFSET,
	LAYOUT_BIT_SIZE,
	LAYOUT_DECLARED,
	LAYOUT_DECLARATION,
	LAYOUT_EXPANDED,
	LAYOUT_ADDRESS,
	LAYOUT_VALUE,
	LAYOUT_STRING,
	LAYOUT_SYMBOL,
	LAYOUT_PROBLEM,
};

extern const struct dill_record_kind layout_kind;

/** Sum of a struct or union. */
enum layout_end_column {
	LAYOUT_END_TYPE,
	LAYOUT_END_MEMBER,
	LAYOUT_END_DEPTH,
	LAYOUT_END_SIZE,
	LAYOUT_END_MEMBERS,
	LAYOUT_END_HOLES,
	LAYOUT_END_HOLE_BITS,
	LAYOUT_END_PADDING,
};

extern const struct dill_record_kind layout_end_kind;

/** One member of a type, found by its path. */
enum layout_place_column {
	LAYOUT_PLACE_TYPE,
	LAYOUT_PLACE_MEMBER,
	LAYOUT_PLACE_OFFSET,
	LAYOUT_PLACE_SIZE,
	LAYOUT_PLACE_BIT_OFFSET,
	LAYOUT_PLACE_BIT_SIZE,
	LAYOUT_PLACE_DECLARED,
	LAYOUT_PLACE_HOLDER,
	LAYOUT_PLACE_STEPS,
};

extern const struct dill_record_kind layout_place_kind;

/** A pointer that the path to a member goes through. */
enum layout_step_column {
	LAYOUT_STEP_TYPE,
	LAYOUT_STEP_MEMBER,
	LAYOUT_STEP_OFFSET,
	LAYOUT_STEP_DECLARED,
};

extern const struct dill_record_kind layout_step_kind;

#endif
