/* SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include "answer/event_record.h"
#include "answer/heap_words.h"
#include "render/fields.h"
#include "render/time_text.h"
#include "render/views.h"

static bool has(const struct dill_record *event, size_t column)
{
	return event->fields[column].present;
}

static void draw_who(struct painter *painter, const struct dill_record *event)
{
	paint_format(painter, STYLE_DIM, "%6" PRIu64 " CPU %" PRIu64,
		     record_number(event, EVENT_COLUMN_SEQUENCE),
		     record_number(event, EVENT_COLUMN_CPU));
	paint_format(painter, STYLE_NUMBER, " %6" PRIu64 " ",
		     record_number(event, EVENT_COLUMN_PID));
	paint_padded(painter, STYLE_NAME, record_text(event, EVENT_COLUMN_COMM), 15);
	paint(painter, STYLE_PLAIN, " ");
}

static enum style what_style(const struct dill_record *event)
{
	switch ((enum event_word)record_number(event, EVENT_COLUMN_EVENT)) {
	case EVENT_ALLOC:
		return STYLE_LIVE;
	case EVENT_DOUBLE_FREE:
		return STYLE_BAD;
	case EVENT_FREE:
		return STYLE_FREE;
	case EVENT_REQUEST:
		break;
	}
	return STYLE_CACHED;
}

static void draw_object(struct painter *painter, const struct dill_record *event)
{
	const char *cache = record_text(event, EVENT_COLUMN_CACHE);

	paint_padded(painter, what_style(event), record_text(event, EVENT_COLUMN_EVENT), 7);
	paint(painter, STYLE_PLAIN, " ");
	if (!*cache)
		cache = has(event, EVENT_COLUMN_LARGE) ? "(pages)" : "-";
	paint_padded(painter, STYLE_NAME, cache, 20);
	paint(painter, STYLE_PLAIN, " ");
	if (has(event, EVENT_COLUMN_OBJECT))
		paint_address(painter, record_number(event, EVENT_COLUMN_OBJECT));
	else
		paint_padded(painter, STYLE_BAD, "failed", 18);
}

static void draw_allocation(struct painter *painter, const struct dill_record *event)
{
	paint_format(painter, STYLE_NUMBER, " %5" PRIu64 "/%-5" PRIu64,
		     record_number(event, EVENT_COLUMN_REQUESTED),
		     record_number(event, EVENT_COLUMN_GIVEN));
}

static void draw_release(struct painter *painter, const struct dill_record *event)
{
	struct strbuf text = {0};

	if (has(event, EVENT_COLUMN_ALLOC_SEQUENCE)) {
		strbuf_append_format(&text, "#%" PRIu64 ", ",
				     record_number(event, EVENT_COLUMN_ALLOC_SEQUENCE));
		time_append(&text, record_number(event, EVENT_COLUMN_AGE));
	}
	paint_format(painter, STYLE_DIM, " %-11s", strbuf_get(&text));
	strbuf_deinit(&text);
}

static struct dill_error *draw(struct painter *painter, const struct dill_record *event)
{
	const struct field *stack = &event->fields[EVENT_COLUMN_STACK];

	draw_who(painter, event);
	draw_object(painter, event);
	if (record_number(event, EVENT_COLUMN_EVENT) == EVENT_ALLOC)
		draw_allocation(painter, event);
	else
		draw_release(painter, event);
	paint_format(painter, STYLE_PLAIN, " %s", record_text(event, EVENT_COLUMN_FUNCTION));
	if (has(event, EVENT_COLUMN_GFP))
		paint_format(painter, STYLE_DIM, " %s", record_text(event, EVENT_COLUMN_GFP));
	paint(painter, STYLE_DIM, " from ");
	if (has(event, EVENT_COLUMN_CALLER))
		paint(painter, STYLE_NAME, record_text(event, EVENT_COLUMN_CALLER));
	else
		paint_address(painter, record_number(event, EVENT_COLUMN_CALLER_ADDRESS));
	paint_newline(painter);
	for (size_t i = 0; stack->present && i < stack->texts.count; i++) {
		paint_format(painter, STYLE_PLAIN, "%15s %s", "", stack->texts.items[i]);
		paint_newline(painter);
	}
	return NULL;
}

const struct record_view event_view = {.draw = draw};
