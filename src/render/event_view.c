/* SPDX-License-Identifier: MIT */
#include "render/event_view.h"

#include <inttypes.h>

#include "render/fields.h"
#include "render/time_text.h"

static const struct column columns[] = {
	[EVENT_COLUMN_SEQUENCE] = {"sequence", DILL_COLUMN_COUNT, NULL,
				   "number of the event, from 1"},
	[EVENT_COLUMN_TIME] = {"time_ns", DILL_COLUMN_COUNT, NULL,
			       "when, in nanoseconds since the trace began"},
	[EVENT_COLUMN_CPU] = {"cpu", DILL_COLUMN_COUNT, NULL, "CPU it happened on"},
	[EVENT_COLUMN_PID] = {"pid", DILL_COLUMN_COUNT, NULL,
			      "current thread; in an interrupt the one that was interrupted"},
	[EVENT_COLUMN_TGID] = {"tgid", DILL_COLUMN_COUNT, NULL, "its process"},
	[EVENT_COLUMN_COMM] = {"comm", DILL_COLUMN_TEXT, NULL, "name of the thread"},
	[EVENT_COLUMN_EVENT] = {"event", DILL_COLUMN_TEXT, NULL,
				"alloc, free, double free, or request (kfree_rcu() and the like)"},
	[EVENT_COLUMN_FUNCTION] = {"function", DILL_COLUMN_TEXT, NULL,
				   "function of the allocator that was called"},
	[EVENT_COLUMN_CACHE] = {"cache", DILL_COLUMN_TEXT, NULL,
				"cache of the object; missing for whole pages"},
	[EVENT_COLUMN_OBJECT] = {"object", DILL_COLUMN_ADDRESS, NULL,
				 "address of the object; missing when the allocation failed"},
	[EVENT_COLUMN_REQUESTED] = {"bytes_requested", DILL_COLUMN_COUNT, NULL,
				    "of an allocation: bytes asked for"},
	[EVENT_COLUMN_GIVEN] = {"bytes_given", DILL_COLUMN_COUNT, NULL,
				"of an allocation: bytes that it takes"},
	[EVENT_COLUMN_GFP] = {"gfp", DILL_COLUMN_TEXT, NULL, "of an allocation: its flags by name"},
	[EVENT_COLUMN_CALLER] = {"caller", DILL_COLUMN_TEXT, NULL,
				 "where the allocator was called, as symbol+offset"},
	[EVENT_COLUMN_CALLER_ADDRESS] = {"caller_address", DILL_COLUMN_ADDRESS, NULL,
					 "the same as a number"},
	[EVENT_COLUMN_ALLOC_SEQUENCE] = {"alloc_sequence", DILL_COLUMN_COUNT, NULL,
					 "of a free or request: event that allocated the object, "
					 "when it was seen"},
	[EVENT_COLUMN_AGE] = {"age_ns", DILL_COLUMN_COUNT, NULL,
			      "of a free or request: nanoseconds since that event"},
	[EVENT_COLUMN_BULK] = {"bulk", DILL_COLUMN_BOOL, NULL,
			       "one of several objects of one call"},
	[EVENT_COLUMN_LARGE] = {"large", DILL_COLUMN_BOOL, NULL,
				"whole pages, no object of a slab"},
	[EVENT_COLUMN_FOREIGN] = {"foreign", DILL_COLUMN_BOOL, NULL,
				  "freed by a process or on a CPU that is not followed, the object "
				  "being one that is"},
	[EVENT_COLUMN_STACK] = {"stack", DILL_COLUMN_TEXTS, NULL,
				"return addresses behind the caller as symbol+offset, innermost "
				"first"},
};

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
	switch (*record_text(event, EVENT_COLUMN_EVENT)) {
	case 'a':
		return STYLE_LIVE;
	case 'd':
		return STYLE_BAD;
	case 'f':
		return STYLE_FREE;
	default:
		return STYLE_CACHED;
	}
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
	if (*record_text(event, EVENT_COLUMN_EVENT) == 'a')
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

static const struct record_view view = {.draw = draw};

const struct dill_record_kind event_kind = {
	.name = "trace_event",
	.doc = "An allocation or free, as it happens.",
	.columns = columns,
	.column_count = sizeof(columns) / sizeof(columns[0]),
	.view = &view,
};
