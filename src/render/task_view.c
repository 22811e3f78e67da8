/* SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include "answer/task_record.h"
#include "render/views.h"

static void paint_label(struct painter *painter, const char *label)
{
	paint_padded(painter, STYLE_DIM, label, 10);
}

static void paint_number(struct painter *painter, const struct dill_record *record, size_t column)
{
	if (record->fields[column].present)
		paint_format(painter, STYLE_NUMBER, "%" PRIu64, record_number(record, column));
	else
		paint(painter, STYLE_DIM, "-");
}

static void paint_pointer(struct painter *painter, const struct dill_record *record, size_t column)
{
	if (record->fields[column].present)
		paint_address(painter, record_number(record, column));
	else
		paint(painter, STYLE_DIM, "-");
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
	paint_number(painter, record, TASK_COLUMN_PID);
	paint_newline(painter);
	paint_label(painter, "  parent");
	paint_number(painter, record, TASK_COLUMN_PARENT_PID);
	paint(painter, STYLE_PLAIN, "  ");
	paint_pointer(painter, record, TASK_COLUMN_PARENT);
	paint_newline(painter);
	paint_label(painter, "  state");
	paint(painter, STYLE_PLAIN, record_text(record, TASK_COLUMN_STATE));
	paint_newline(painter);
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		paint(painter, STYLE_PLAIN, "  ");
		paint_padded(painter, STYLE_DIM, lines[i].label, 8);
		if (record->kind->columns[lines[i].column].type == DILL_COLUMN_ADDRESS)
			paint_pointer(painter, record, lines[i].column);
		else
			paint_number(painter, record, lines[i].column);
		paint_newline(painter);
	}
	return NULL;
}

const struct record_view task_view = {draw_task};
