/* SPDX-License-Identifier: MIT */
#include "answer/layout_record.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *kind_word(enum layout_word kind)
{
	static const char *const words[] = {
		[LAYOUT_IS_VOID] = "void",
		[LAYOUT_IS_INT] = "int",
		[LAYOUT_IS_FLOAT] = "float",
		[LAYOUT_IS_POINTER] = "pointer",
		[LAYOUT_IS_ARRAY] = "array",
		[LAYOUT_IS_STRUCT] = "struct",
		[LAYOUT_IS_UNION] = "union",
		[LAYOUT_IS_ENUM] = "enum",
		[LAYOUT_IS_FORWARD] = "forward",
		[LAYOUT_IS_FUNCTION] = "function",
		[LAYOUT_IS_ENUMERATOR] = "enumerator",
		[LAYOUT_IS_HOLE] = "hole",
		[LAYOUT_IS_PADDING] = "padding",
		[LAYOUT_IS_SAME] = "same",
		[LAYOUT_IS_MORE] = "more",
		[LAYOUT_IS_BROKEN] = "broken",
	};

	return words[kind];
}

ENUMERATION_OF_FILE(layout_kinds, kind_word, LAYOUT_IS_BROKEN + 1);

static const struct column layout_columns[] = {
	[LAYOUT_TYPE] = {"type", DILL_COLUMN_TEXT, NULL, "the type that was asked for"},
	[LAYOUT_MEMBER] = {"member", DILL_COLUMN_TEXT, NULL,
			   "path of the member, as kstruct TYPE MEMBER takes it; in an array, of "
			   "its first element"},
	[LAYOUT_NAME] = {"name", DILL_COLUMN_TEXT, NULL,
			 "the member's own name; absent when anonymous"},
	[LAYOUT_DEPTH] = {"depth", DILL_COLUMN_COUNT, NULL,
			  "levels of nesting; 0 is the type itself"},
	[LAYOUT_KIND] =
		{"kind", DILL_COLUMN_ENUM, NULL,
		 "kind of type, or: enumerator; hole, padding: bytes of no member; same: elements "
		 "equal to the one before; more: elements left out; broken: cannot be read",
		 .words = &layout_kinds},
	[LAYOUT_OFFSET] = {"offset", DILL_COLUMN_COUNT, NULL, "bytes from the start of the type"},
	[LAYOUT_SIZE] = {"size", DILL_COLUMN_COUNT, NULL, "bytes; of a bit-field, of its unit"},
	[LAYOUT_BIT_OFFSET] = {"bit_offset", DILL_COLUMN_COUNT, NULL,
			       "of a bit-field: bits from the byte at the offset on"},
	[LAYOUT_BIT_SIZE] = {"bit_size", DILL_COLUMN_COUNT, NULL, "of a bit-field: its bits"},
	[LAYOUT_DECLARED] = {"declared", DILL_COLUMN_TEXT, NULL, "C type"},
	[LAYOUT_DECLARATION] = {"declaration", DILL_COLUMN_TEXT, NULL, "C type around the name"},
	[LAYOUT_EXPANDED] = {"expanded", DILL_COLUMN_BOOL, NULL, "true when its members follow"},
	[LAYOUT_ADDRESS] = {"address", DILL_COLUMN_ADDRESS, NULL, "where it lies in memory"},
	[LAYOUT_VALUE] = {"value", DILL_COLUMN_TEXT, NULL,
			  "what memory holds: decimal number, name of the enumerator, 0x pointer, "
			  "{list} of elements"},
	[LAYOUT_STRING] = {"string", DILL_COLUMN_TEXT, NULL,
			   "text of a char array, or that a char pointer points to; escaped"},
	[LAYOUT_SYMBOL] = {"symbol", DILL_COLUMN_TEXT, NULL,
			   "symbol+offset that a pointer points to"},
	[LAYOUT_PROBLEM] = {"problem", DILL_COLUMN_TEXT, NULL,
			    "what is wrong with the member or why its value is missing"},
};

const struct dill_record_kind layout_kind = {
	.name = "layout",
	.doc = "A line of a type's definition.",
	.columns = layout_columns,
	.column_count = COUNT(layout_columns),
};

static const struct column layout_end_columns[] = {
	[LAYOUT_END_TYPE] = {"type", DILL_COLUMN_TEXT, NULL, "the type that was asked for"},
	[LAYOUT_END_MEMBER] = {"member", DILL_COLUMN_TEXT, NULL,
			       "path of the member that ends here"},
	[LAYOUT_END_DEPTH] = {"depth", DILL_COLUMN_COUNT, NULL, "depth of that member"},
	[LAYOUT_END_SIZE] = {"size", DILL_COLUMN_COUNT, NULL, "bytes"},
	[LAYOUT_END_MEMBERS] = {"members", DILL_COLUMN_COUNT, NULL,
				"members, nested ones not counted"},
	[LAYOUT_END_HOLES] = {"holes", DILL_COLUMN_COUNT, NULL, "gaps between its members"},
	[LAYOUT_END_HOLE_BITS] = {"hole_bits", DILL_COLUMN_COUNT, NULL, "bits in these gaps"},
	[LAYOUT_END_PADDING] = {"padding", DILL_COLUMN_COUNT, NULL, "bytes behind the last member"},
};

const struct dill_record_kind layout_end_kind = {
	.name = "layout_end",
	.doc = "Sum of a struct or union, behind its last member.",
	.columns = layout_end_columns,
	.column_count = COUNT(layout_end_columns),
};

static const struct column layout_step_columns[] = {
	[LAYOUT_STEP_TYPE] = {"type", DILL_COLUMN_TEXT, NULL, "type that holds the pointer"},
	[LAYOUT_STEP_MEMBER] = {"member", DILL_COLUMN_TEXT, NULL,
				"path of the pointer in that type"},
	[LAYOUT_STEP_OFFSET] = {"offset", DILL_COLUMN_COUNT, NULL,
				"bytes from the start of that type"},
	[LAYOUT_STEP_DECLARED] = {"declared", DILL_COLUMN_TEXT, NULL, "C type of the pointer"},
};

const struct dill_record_kind layout_step_kind = {
	.name = "layout_step",
	.doc = "A pointer on the way to a member.",
	.columns = layout_step_columns,
	.column_count = COUNT(layout_step_columns),
};

static const struct column layout_place_columns[] = {
	[LAYOUT_PLACE_TYPE] = {"type", DILL_COLUMN_TEXT, NULL, "the type that was asked for"},
	[LAYOUT_PLACE_MEMBER] = {"member", DILL_COLUMN_TEXT, NULL, "path of the member"},
	[LAYOUT_PLACE_OFFSET] = {"offset", DILL_COLUMN_COUNT, NULL,
				 "bytes from the start of the holder"},
	[LAYOUT_PLACE_SIZE] = {"size", DILL_COLUMN_COUNT, NULL,
			       "bytes; of a bit-field, of its unit"},
	[LAYOUT_PLACE_BIT_OFFSET] = {"bit_offset", DILL_COLUMN_COUNT, NULL,
				     "of a bit-field: bits from the byte at the offset on"},
	[LAYOUT_PLACE_BIT_SIZE] = {"bit_size", DILL_COLUMN_COUNT, NULL, "of a bit-field: its bits"},
	[LAYOUT_PLACE_DECLARED] = {"declared", DILL_COLUMN_TEXT, NULL, "C type of the member"},
	[LAYOUT_PLACE_HOLDER] = {"holder", DILL_COLUMN_TEXT, NULL,
				 "type that the offset is counted in: the type that was asked for, "
				 "or what the last pointer of the path points to"},
	[LAYOUT_PLACE_STEPS] = {"steps", DILL_COLUMN_RECORDS, NULL,
				"pointers that the path goes through, in order; absent without any",
				&layout_step_kind},
};

const struct dill_record_kind layout_place_kind = {
	.name = "member",
	.doc = "Where a member of a type is.",
	.columns = layout_place_columns,
	.column_count = COUNT(layout_place_columns),
};
