/* SPDX-License-Identifier: MIT */
#include "render/note_view.h"

#include "render/view.h"

static const struct column columns[] = {
	[NOTE_TEXT] = {"text", DILL_COLUMN_TEXT, NULL, "what there is to say"},
};

static struct dill_error *draw(struct painter *painter, const struct dill_record *record)
{
	paint(painter, STYLE_DIM, record_text(record, NOTE_TEXT));
	paint_newline(painter);
	return NULL;
}

static const struct record_view view = {.draw = draw, .foots = true};

const struct dill_record_kind note_kind = {
	.name = "note",
	.doc = "A remark below a table.",
	.columns = columns,
	.column_count = sizeof(columns) / sizeof(columns[0]),
	.view = &view,
};
