/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_KSTRUCT_LINE_H
#define COMMAND_KSTRUCT_LINE_H

#include "answer/layout_record.h"
#include "command/kstruct_layout.h"

/*
 * What the files of the layout share: kstruct_layout.c goes through the type, kstruct_elements.c
 * through arrays in memory, and kstruct_line.c makes the records.
 */

/** One layout in the making. */
struct kstruct_walk {
	const struct layout_request *request;
	struct types *types;
	struct dill_sink *sink;
	struct arena *arena; /* of one record */
	uint32_t lines;
	struct strbuf type_text, path;		   /* stand */
	struct strbuf name, declared, declaration; /* of one record */
	struct value_text value;
};

/** Something that gets a line. */
struct spot {
	const char *name; /* "" = anonymous; "[3]" = element of an array */
	type_id type;
	uint64_t bit_offset; /* from the start of the outermost type */
	uint32_t bit_size;
	unsigned depth;
	unsigned levels; /* levels that may still be opened */
	const char *problem;
};

/** Bits of a struct that its members leave unused. */
struct gaps {
	uint64_t members, holes, hole_bits, padding_bits;
};

/** Make a line that is no member: a hole, padding, elements left out. LIMIT after too many lines.
 */
DILL_MUST_CHECK struct dill_error *line_new_note(struct kstruct_walk *walk, enum layout_word kind,
						 unsigned depth, struct dill_record **ret);
/** Hand a finished line to the sink. */
DILL_MUST_CHECK struct dill_error *line_emit(struct kstruct_walk *walk,
					     const struct dill_record *record);
/** A name of the target, made fit for display; "" leaves the field absent. */
DILL_MUST_CHECK struct dill_error *line_set_name(struct kstruct_walk *walk,
						 struct dill_record *record, size_t column,
						 const char *name);

/** The line of a member, element or the type itself, with its value. */
DILL_MUST_CHECK struct dill_error *line_spot(struct kstruct_walk *walk, const struct spot *spot,
					     const struct type *type, bool expanded);
/** A line for bits that no member has. */
DILL_MUST_CHECK struct dill_error *line_unused(struct kstruct_walk *walk, enum layout_word kind,
					       unsigned depth, uint64_t from_bit, uint64_t to_bit);
/** A line that says what is wrong with the description of a member; @p error is taken over, and
 * returned when it is not about that. */
DILL_MUST_CHECK struct dill_error *line_broken(struct kstruct_walk *walk, struct dill_error *error,
					       unsigned depth, const char *name);
/** The sum of a struct. */
DILL_MUST_CHECK struct dill_error *line_end(struct kstruct_walk *walk, const struct type *type,
					    unsigned depth, const struct gaps *gaps);

/** The line of @p spot and those of all that is inside it. */
DILL_MUST_CHECK struct dill_error *layout_spot(struct kstruct_walk *walk, const struct spot *spot);
/** The elements of an array of structs in memory. */
DILL_MUST_CHECK struct dill_error *layout_elements(struct kstruct_walk *walk,
						   const struct type *array,
						   const struct spot *spot);

/** Cut the end of a text off. */
static inline void truncate_text(struct strbuf *text, size_t length)
{
	text->length = length;
	if (text->data)
		text->data[length] = '\0';
}

#endif
