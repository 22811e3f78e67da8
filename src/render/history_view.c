/* SPDX-License-Identifier: MIT */
#include "answer/history_record.h"
#include "render/fields.h"
#include "render/time_text.h"
#include "render/views.h"

static struct dill_error *draw(struct painter *painter, const struct dill_record *record)
{
	unsigned long events = field_number(record, HISTORY_COLUMN_EVENTS);
	unsigned long allocs = field_number(record, HISTORY_COLUMN_ALLOCS);

	paint_address(painter, record_number(record, HISTORY_COLUMN_ADDRESS));
	if (!events) {
		paint(painter, STYLE_PLAIN, ": no event of the trace is about it");
		paint_newline(painter);
		return NULL;
	}
	paint_format(painter, STYLE_PLAIN, ": %lu event%s, allocated %lu time%s, at the end %s",
		     events, events == 1 ? "" : "s", allocs, allocs == 1 ? "" : "s",
		     record_text(record, HISTORY_COLUMN_STATE));
	paint_newline(painter);
	return NULL;
}

const struct record_view history_view = {.draw = draw, .heads = true};

static void draw_since(struct painter *painter, const struct dill_record *record, size_t column,
		       const char *before, const char *behind)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf text = {0};

	if (!record->fields[column].present)
		return;
	time_append(&text, record_number(record, column));
	paint_format(painter, STYLE_DIM, "%s%s%s", before, strbuf_get(&text), behind);
}

static void draw_event_line(struct painter *painter, const struct dill_record *record)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf time = {0};
	const char *cache = record_text(record, HISTORY_EVENT_CACHE);

	time_append(&time, record_number(record, HISTORY_EVENT_TIME));
	paint_format(painter, STYLE_NUMBER, "%lu", field_number(record, HISTORY_EVENT_SEQUENCE));
	paint_format(painter, STYLE_PLAIN, "  %s  %s", strbuf_get(&time),
		     record_text(record, HISTORY_EVENT_EVENT));
	draw_since(painter, record, HISTORY_EVENT_AGE, " after ", "");
	draw_since(painter, record, HISTORY_EVENT_FREE, " when it was free for ", "");
	paint(painter, STYLE_PLAIN, " by ");
	paint(painter, STYLE_NAME, record_text(record, HISTORY_EVENT_COMM));
	paint_format(painter, STYLE_PLAIN, " (%lu) on CPU %lu, ",
		     field_number(record, HISTORY_EVENT_PID),
		     field_number(record, HISTORY_EVENT_CPU));
	paint(painter, STYLE_NAME, *cache ? cache : "pages");
	paint(painter, STYLE_PLAIN, " ");
	paint_address(painter, record_number(record, HISTORY_EVENT_OBJECT));
	if (record->fields[HISTORY_EVENT_REQUESTED].present)
		paint_format(painter, STYLE_PLAIN, ", %lu of %lu bytes",
			     field_number(record, HISTORY_EVENT_REQUESTED),
			     field_number(record, HISTORY_EVENT_GIVEN));
	paint_newline(painter);
}

static void draw_frame(struct painter *painter, const char *name)
{
	paint_format(painter, STYLE_PLAIN, "      %s", name);
	paint_newline(painter);
}

static struct dill_error *draw_event(struct painter *painter, const struct dill_record *record)
{
	const struct field *stack = &record->fields[HISTORY_EVENT_STACK];

	draw_event_line(painter, record);
	if (record->fields[HISTORY_EVENT_CALLER].present)
		draw_frame(painter, record_text(record, HISTORY_EVENT_CALLER));
	for (size_t i = 0; stack->present && i < stack->texts.count; i++)
		draw_frame(painter, stack->texts.items[i]);
	return NULL;
}

const struct record_view history_event_view = {.draw = draw_event};
