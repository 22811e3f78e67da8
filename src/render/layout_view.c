/* SPDX-License-Identifier: MIT */
/*
 * Types as a C definition behind two columns, offset and size:
 *
 *      offset      size  struct list_head {
 *           0         8      struct list_head *next;
 *           8         8      struct list_head *prev;
 *                        }  16 bytes, 2 members
 */
#include "render/layout_view.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/plural.h"
#include "render/view.h"

#define NUMBER_WIDTH 9
#define INDENT	     4

static bool has(const struct dill_record *record, size_t column)
{
	return record->fields[column].present;
}

static void paint_indent(struct painter *painter, uint64_t depth)
{
	strbuf_append_repeated(&painter->text, ' ', 2 + (size_t)depth * INDENT);
}

/* A declaration; of an expanded type without a name, "{...}" is what follows. */
static void paint_declaration(struct painter *painter, const char *text, bool expanded)
{
	const char *body = expanded ? strstr(text, " {...}") : NULL;

	if (!body) {
		paint(painter, STYLE_PLAIN, text);
		return;
	}
	paint_format(painter, STYLE_PLAIN, "%.*s%s", (int)(body - text), text,
		     body + strlen(" {...}"));
}

static void paint_columns(struct painter *painter, const struct dill_record *record)
{
	char offset[48] = "", size[24] = "";

	if (has(record, LAYOUT_BIT_OFFSET))
		snprintf(offset, sizeof(offset), "%" PRIu64 ":%" PRIu64,
			 record_number(record, LAYOUT_OFFSET),
			 record_number(record, LAYOUT_BIT_OFFSET));
	else if (has(record, LAYOUT_OFFSET))
		snprintf(offset, sizeof(offset), "%" PRIu64, record_number(record, LAYOUT_OFFSET));
	if (has(record, LAYOUT_SIZE))
		snprintf(size, sizeof(size), "%" PRIu64, record_number(record, LAYOUT_SIZE));
	paint_format(painter, STYLE_NUMBER, "%*s %*s", NUMBER_WIDTH, offset, NUMBER_WIDTH, size);
}

static bool is_kind(const struct dill_record *record, const char *kind)
{
	return strcmp(record_text(record, LAYOUT_KIND), kind) == 0;
}

static void paint_unused(struct painter *painter, const struct dill_record *record)
{
	bool bits = has(record, LAYOUT_BIT_SIZE);
	uint64_t amount = record_number(record, bits ? LAYOUT_BIT_SIZE : LAYOUT_SIZE);

	paint_format(painter, STYLE_WARN, "/* %s: %" PRIu64 " %s%s */",
		     record_text(record, LAYOUT_KIND), amount, bits ? "bit" : "byte",
		     plural(amount));
}

/* Numbers that are more likely masks or addresses than amounts are shown both ways. */
static void paint_hex_too(struct painter *painter, const char *decimal)
{
	uint64_t value = strtoull(decimal, NULL, 10);

	if (decimal[0] != '-' && value >= 0x10000)
		paint_format(painter, STYLE_DIM, " /* %#" PRIx64 " */", value);
}

static void paint_value(struct painter *painter, const struct dill_record *record)
{
	const char *value = record_text(record, LAYOUT_VALUE);

	if (has(record, LAYOUT_VALUE) || has(record, LAYOUT_STRING))
		paint(painter, STYLE_DIM, " =");
	if (has(record, LAYOUT_VALUE)) {
		paint(painter, STYLE_PLAIN, " ");
		paint(painter, is_kind(record, "pointer") ? STYLE_ADDRESS : STYLE_NUMBER, value);
	}
	if (has(record, LAYOUT_SYMBOL))
		paint_format(painter, STYLE_NAME, " <%s>", record_text(record, LAYOUT_SYMBOL));
	if (has(record, LAYOUT_STRING))
		paint_format(painter, STYLE_NAME, " \"%s\"", record_text(record, LAYOUT_STRING));
	if (is_kind(record, "int"))
		paint_hex_too(painter, value);
}

static void paint_heading(struct painter *painter, const struct dill_record *record)
{
	paint_format(painter, STYLE_HEADING, "%*s %*s", NUMBER_WIDTH, "offset", NUMBER_WIDTH,
		     "size");
	paint_indent(painter, 0);
	paint(painter, STYLE_NAME, record_text(record, LAYOUT_TYPE));
	if (has(record, LAYOUT_MEMBER))
		paint_format(painter, STYLE_NAME, ".%s", record_text(record, LAYOUT_MEMBER));
	if (strcmp(record_text(record, LAYOUT_TYPE), record_text(record, LAYOUT_DECLARED)) != 0) {
		paint(painter, STYLE_DIM, has(record, LAYOUT_MEMBER) ? ": " : " = ");
		paint_declaration(painter, record_text(record, LAYOUT_DECLARED),
				  has(record, LAYOUT_EXPANDED));
	}
	if (has(record, LAYOUT_ADDRESS)) {
		paint(painter, STYLE_DIM, " at ");
		paint_address(painter, record_number(record, LAYOUT_ADDRESS));
	}
	/* What is not expanded has no sum to say its size. */
	if (!has(record, LAYOUT_EXPANDED)) {
		uint64_t size = record_number(record, LAYOUT_SIZE);

		paint_format(painter, STYLE_DIM, "  %" PRIu64 " byte%s", size, plural(size));
	}
}

static struct dill_error *draw_line(struct painter *painter, const struct dill_record *record)
{
	bool expanded = has(record, LAYOUT_EXPANDED);
	uint64_t depth = record_number(record, LAYOUT_DEPTH);

	if (depth == 0) {
		paint_heading(painter, record);
	} else {
		paint_columns(painter, record);
		paint_indent(painter, depth);
		if (is_kind(record, "hole") || is_kind(record, "padding"))
			paint_unused(painter, record);
		else
			paint_declaration(painter, record_text(record, LAYOUT_DECLARATION),
					  expanded);
		if (depth && has(record, LAYOUT_BIT_SIZE) && has(record, LAYOUT_NAME))
			paint_format(painter, STYLE_PLAIN, " : %" PRIu64,
				     record_number(record, LAYOUT_BIT_SIZE));
	}
	paint_value(painter, record);
	if (expanded)
		paint(painter, STYLE_PLAIN, " {");
	else if (depth && has(record, LAYOUT_DECLARATION) && !has(record, LAYOUT_VALUE) &&
		 !has(record, LAYOUT_STRING))
		paint(painter, STYLE_PLAIN, ";");
	if (has(record, LAYOUT_PROBLEM))
		paint_format(painter, STYLE_BAD, "  %s", record_text(record, LAYOUT_PROBLEM));
	paint_newline(painter);
	return NULL;
}

static void paint_sum(struct painter *painter, const struct dill_record *record)
{
	uint64_t holes = record_number(record, LAYOUT_END_HOLES);
	uint64_t bits = record_number(record, LAYOUT_END_HOLE_BITS);
	uint64_t padding = record_number(record, LAYOUT_END_PADDING);
	uint64_t size = record_number(record, LAYOUT_END_SIZE);
	uint64_t members = record_number(record, LAYOUT_END_MEMBERS);

	paint_format(painter, STYLE_DIM, "  %" PRIu64 " byte%s, %" PRIu64 " member%s", size,
		     plural(size), members, plural(members));
	if (holes && bits % 8 == 0)
		paint_format(painter, STYLE_WARN, ", %" PRIu64 " hole%s: %" PRIu64 " byte%s", holes,
			     plural(holes), bits / 8, plural(bits / 8));
	else if (holes)
		paint_format(painter, STYLE_WARN, ", %" PRIu64 " hole%s: %" PRIu64 " bit%s", holes,
			     plural(holes), bits, plural(bits));
	if (padding)
		paint_format(painter, STYLE_WARN, ", padding: %" PRIu64 " byte%s", padding,
			     plural(padding));
}

static struct dill_error *draw_end(struct painter *painter, const struct dill_record *record)
{
	uint64_t depth = record_number(record, LAYOUT_END_DEPTH);

	paint_format(painter, STYLE_PLAIN, "%*s %*s", NUMBER_WIDTH, "", NUMBER_WIDTH, "");
	paint_indent(painter, depth);
	paint(painter, STYLE_PLAIN, depth ? "};" : "}");
	if (depth == 0)
		paint_sum(painter, record);
	paint_newline(painter);
	return NULL;
}

static void paint_offset(struct painter *painter, uint64_t offset)
{
	paint_format(painter, STYLE_NUMBER, "%" PRIu64, offset);
	paint_format(painter, STYLE_DIM, " (%#" PRIx64 ")", offset);
}

static struct dill_error *draw_place(struct painter *painter, const struct dill_record *record)
{
	const struct dill_record *step = record->fields[LAYOUT_PLACE_STEPS].records.first;

	for (; step; step = step->next) {
		paint_format(painter, STYLE_PLAIN, "%s.%s: offset ",
			     record_text(step, LAYOUT_STEP_TYPE),
			     record_text(step, LAYOUT_STEP_MEMBER));
		paint_offset(painter, record_number(step, LAYOUT_STEP_OFFSET));
		paint_format(painter, STYLE_DIM, ", %s, followed",
			     record_text(step, LAYOUT_STEP_DECLARED));
		paint_newline(painter);
	}
	paint(painter, STYLE_NAME, record_text(record, LAYOUT_PLACE_TYPE));
	paint_format(painter, STYLE_NAME, ".%s", record_text(record, LAYOUT_PLACE_MEMBER));
	paint(painter, STYLE_PLAIN, ": offset ");
	paint_offset(painter, record_number(record, LAYOUT_PLACE_OFFSET));
	if (has(record, LAYOUT_PLACE_HOLDER) && record->fields[LAYOUT_PLACE_STEPS].records.first)
		paint_format(painter, STYLE_PLAIN, " in %s",
			     record_text(record, LAYOUT_PLACE_HOLDER));
	paint_format(painter, STYLE_PLAIN, ", size %" PRIu64,
		     record_number(record, LAYOUT_PLACE_SIZE));
	if (has(record, LAYOUT_PLACE_BIT_SIZE))
		paint_format(painter, STYLE_PLAIN, ", %" PRIu64 " bit%s from bit %" PRIu64,
			     record_number(record, LAYOUT_PLACE_BIT_SIZE),
			     plural(record_number(record, LAYOUT_PLACE_BIT_SIZE)),
			     record_number(record, LAYOUT_PLACE_BIT_OFFSET));
	paint_format(painter, STYLE_PLAIN, ", %s", record_text(record, LAYOUT_PLACE_DECLARED));
	paint_newline(painter);
	return NULL;
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

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
		{"kind", DILL_COLUMN_TEXT, NULL,
		 "struct, union, array, pointer, int, float, enum, function, void, forward, "
		 "enumerator; hole or padding: bytes of no member; same: elements equal to "
		 "the one before; more: elements left out; broken: cannot be read"},
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

static const struct record_view line_view = {draw_line};

const struct dill_record_kind layout_kind = {
	.name = "layout",
	.doc = "A line of a type's definition.",
	.columns = layout_columns,
	.column_count = COUNT(layout_columns),
	.view = &line_view,
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

static const struct record_view end_view = {draw_end};

const struct dill_record_kind layout_end_kind = {
	.name = "layout_end",
	.doc = "Sum of a struct or union, behind its last member.",
	.columns = layout_end_columns,
	.column_count = COUNT(layout_end_columns),
	.view = &end_view,
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

static const struct record_view place_view = {draw_place};

const struct dill_record_kind layout_place_kind = {
	.name = "member",
	.doc = "Where a member of a type is.",
	.columns = layout_place_columns,
	.column_count = COUNT(layout_place_columns),
	.view = &place_view,
};
