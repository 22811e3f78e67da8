/* SPDX-License-Identifier: MIT */
#include "answer/task_record.h"
#include "render/views.h"

static void paint_label(struct painter *painter, const char *label)
{
	paint_padded(painter, STYLE_DIM, label, 10);
}

static struct dill_error *draw_task(struct painter *painter, const struct dill_record *record)
{
	static const struct {
		size_t column;
		const char *label;
	} lines[] = {
		{TASK_COLUMN_TGID, "tgid"},   {TASK_COLUMN_UID, "uid"}, {TASK_COLUMN_CPU, "cpu"},
		{TASK_COLUMN_STACK, "stack"}, {TASK_COLUMN_MM, "mm"},
	};

	paint(painter, STYLE_HEADING, "task ");
	paint_address(painter, record_number(record, TASK_COLUMN_TASK));
	paint_newline(painter);
	paint_label(painter, "  name");
	paint(painter, STYLE_NAME, record_text(record, TASK_COLUMN_COMM));
	paint_newline(painter);
	paint_label(painter, "  pid");
	paint_field(painter, record, TASK_COLUMN_PID);
	paint_newline(painter);
	paint_label(painter, "  parent");
	paint_field(painter, record, TASK_COLUMN_PARENT_PID);
	paint(painter, STYLE_PLAIN, "  ");
	paint_field(painter, record, TASK_COLUMN_PARENT);
	paint_newline(painter);
	paint_label(painter, "  state");
	paint(painter, STYLE_PLAIN, record_text(record, TASK_COLUMN_STATE));
	paint_newline(painter);
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		paint(painter, STYLE_PLAIN, "  ");
		paint_padded(painter, STYLE_DIM, lines[i].label, 8);
		paint_field(painter, record, lines[i].column);
		paint_newline(painter);
	}
	return NULL;
}

const struct record_view task_view = {draw_task};
