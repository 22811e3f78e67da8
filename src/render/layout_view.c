/* SPDX-License-Identifier: MIT */
/*
 * Types as a C definition behind two columns, offset and size:
 *
 *      offset      size  struct list_head {
 *           0         8      struct list_head *next;
 *           8         8      struct list_head *prev;
 *                        }  16 bytes, 2 members
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer/layout_record.h"
#include "base/plural.h"
#include "render/view.h"
#include "render/views.h"

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

static bool is_kind(const struct dill_record *record, enum layout_word kind)
{
	return has(record, LAYOUT_KIND) && record_number(record, LAYOUT_KIND) == kind;
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
		paint(painter, is_kind(record, LAYOUT_IS_POINTER) ? STYLE_ADDRESS : STYLE_NUMBER,
		      value);
	}
	if (has(record, LAYOUT_SYMBOL))
		paint_format(painter, STYLE_NAME, " <%s>", record_text(record, LAYOUT_SYMBOL));
	if (has(record, LAYOUT_STRING))
		paint_format(painter, STYLE_NAME, " \"%s\"", record_text(record, LAYOUT_STRING));
	if (is_kind(record, LAYOUT_IS_INT))
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
		if (is_kind(record, LAYOUT_IS_HOLE) || is_kind(record, LAYOUT_IS_PADDING))
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

const struct record_view layout_view = {draw_line};

const struct record_view layout_end_view = {draw_end};

const struct record_view layout_place_view = {draw_place};
