/* SPDX-License-Identifier: MIT */
#include "answer/kbase_record.h"
#include "render/views.h"

/** Lines of the text form: a value, and the column that says how it was found. */
static const struct {
	size_t column, how;
} lines[] = {
	{KBASE_COLUMN_BASE, KBASE_COLUMN_BASE_HOW},
	{KBASE_COLUMN_SLIDE, KBASE_COLUMN_SLIDE_HOW},
	{KBASE_COLUMN_PHYSICAL_BASE, KBASE_COLUMN_PHYSICAL_BASE_HOW},
	{KBASE_COLUMN_SIZE, KBASE_COLUMN_COUNT},
	{KBASE_COLUMN_PAGING_LEVELS, KBASE_COLUMN_COUNT},
	{KBASE_COLUMN_SYMBOLS_HOW, KBASE_COLUMN_COUNT},
	{KBASE_COLUMN_BANNER, KBASE_COLUMN_COUNT},
};

#define LABEL_WIDTH 15

static struct dill_error *draw(struct painter *painter, const struct dill_record *record)
{
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		paint_padded(painter, STYLE_DIM, record->kind->columns[lines[i].column].heading,
			     LABEL_WIDTH);
		paint_field(painter, record, lines[i].column);
		if (lines[i].how != KBASE_COLUMN_COUNT)
			paint_format(painter, STYLE_DIM, "  (%s)",
				     record_text(record, lines[i].how));
		paint_newline(painter);
	}
	return NULL;
}

const struct record_view kbase_view = {draw};
