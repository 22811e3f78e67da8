/* SPDX-License-Identifier: MIT */
#include "answer/report_record.h"
#include "base/plural.h"
#include "render/fields.h"
#include "render/views.h"

static struct dill_error *draw_folded(struct painter *painter, const struct dill_record *record)
{
	unsigned long stacks = field_number(record, REPORT_FOLDED_STACKS),
		      bytes = field_number(record, REPORT_FOLDED_BYTES);

	paint_format(painter, STYLE_PLAIN, "%s: %lu stack%s, %lu byte%s",
		     record_text(record, REPORT_FOLDED_FILE), stacks, plural(stacks), bytes,
		     plural(bytes));
	paint_newline(painter);
	return NULL;
}

const struct record_view report_folded_view = {.draw = draw_folded};

static struct dill_error *draw_text(struct painter *painter, const struct dill_record *record)
{
	paint(painter, STYLE_PLAIN, record_text(record, REPORT_TEXT));
	return NULL;
}

const struct record_view report_text_view = {.draw = draw_text};

static struct dill_error *draw_page(struct painter *painter, const struct dill_record *record)
{
	unsigned long left_out = field_number(record, REPORT_PAGE_LEFT_OUT);
	unsigned long bytes = field_number(record, REPORT_PAGE_BYTES),
		      objects = field_number(record, REPORT_PAGE_OBJECTS);

	paint_format(painter, STYLE_PLAIN, "%s: %lu byte%s, %lu object%s as bars",
		     record_text(record, REPORT_PAGE_FILE), bytes, plural(bytes), objects,
		     plural(objects));
	if (left_out)
		paint_format(painter, STYLE_WARN, ", %lu left out", left_out);
	paint_newline(painter);
	return NULL;
}

const struct record_view report_page_view = {.draw = draw_page};
