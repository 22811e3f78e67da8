/* SPDX-License-Identifier: MIT */
#include "answer/gap_record.h"
#include "render/views.h"

static struct dill_error *draw(struct painter *painter, const struct dill_record *record)
{
	const struct field *file = &record->fields[GAP_COLUMN_FILE];

	paint(painter, STYLE_WARN, "? ");
	if (file->present)
		paint_format(painter, STYLE_NAME, "%s: ", file->text);
	paint(painter, STYLE_PLAIN, record_text(record, GAP_COLUMN_TEXT));
	paint_newline(painter);
	return NULL;
}

const struct record_view gap_view = {draw};
