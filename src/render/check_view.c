/* SPDX-License-Identifier: MIT */
#include "answer/check_record.h"
#include "base/plural.h"
#include "render/views.h"

static unsigned long number(const struct dill_record *record, size_t column)
{
	return (unsigned long)record_number(record, column);
}

static void draw_texts(struct painter *painter, const char *heading, const struct field *list)
{
	for (size_t i = 0; list->present && i < list->texts.count; i++) {
		paint(painter, STYLE_DIM, heading);
		paint(painter, STYLE_PLAIN, list->texts.items[i]);
		paint_newline(painter);
	}
}

static struct dill_error *draw(struct painter *painter, const struct dill_record *record)
{
	unsigned long findings = number(record, CHECK_COLUMN_FINDINGS);

	draw_texts(painter, "in motion: ", &record->fields[CHECK_COLUMN_IN_MOTION]);
	draw_texts(painter, "not checked: ", &record->fields[CHECK_COLUMN_NOT_CHECKED]);
	paint_format(
		painter, STYLE_PLAIN, "%lu cache%s, %lu slab%s, %lu object%s",
		number(record, CHECK_COLUMN_CACHES), plural(number(record, CHECK_COLUMN_CACHES)),
		number(record, CHECK_COLUMN_SLABS), plural(number(record, CHECK_COLUMN_SLABS)),
		number(record, CHECK_COLUMN_OBJECTS), plural(number(record, CHECK_COLUMN_OBJECTS)));
	if (number(record, CHECK_COLUMN_BYTE_OBJECTS))
		paint_format(painter, STYLE_PLAIN, ", the bytes around %lu of them",
			     number(record, CHECK_COLUMN_BYTE_OBJECTS));
	if (number(record, CHECK_COLUMN_SHADOW_OBJECTS))
		paint_format(painter, STYLE_PLAIN, ", KASAN's shadow of %lu",
			     number(record, CHECK_COLUMN_SHADOW_OBJECTS));
	paint(painter, STYLE_PLAIN, ": ");
	if (findings)
		paint_format(painter, STYLE_BAD, "%lu finding%s", findings, plural(findings));
	else
		paint(painter, STYLE_FREE, "no findings");
	paint_newline(painter);
	return NULL;
}

const struct record_view check_view = {draw};
