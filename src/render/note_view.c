/* SPDX-License-Identifier: MIT */
#include "answer/note_record.h"
#include "render/view.h"
#include "render/views.h"

static struct dill_error *draw(struct painter *painter, const struct dill_record *record)
{
	paint(painter, STYLE_DIM, record_text(record, NOTE_TEXT));
	paint_newline(painter);
	return NULL;
}

const struct record_view note_view = {.draw = draw, .foots = true};
