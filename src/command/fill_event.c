/* SPDX-License-Identifier: MIT */
#include "command/fill_event.h"

#include <inttypes.h>

#include "answer/heap_words.h"

typedef struct dill_error *(*namer)(void *context, dill_virt address, struct strbuf *text);

static void set_allocation(struct dill_record *record, const struct trace_event *event)
{
	record_set_number(record, EVENT_COLUMN_REQUESTED, event->bytes_requested);
	record_set_number(record, EVENT_COLUMN_GIVEN, event->bytes_given);
	record_set_text(record, EVENT_COLUMN_GFP, event->gfp_names);
}

static void set_flags(struct dill_record *record, const struct trace_event *event)
{
	if (event->flags & TRACE_KNOWN) {
		record_set_number(record, EVENT_COLUMN_ALLOC_SEQUENCE, event->alloc_sequence);
		record_set_number(record, EVENT_COLUMN_AGE, event->time_ns - event->alloc_time_ns);
	}
	if (event->flags & TRACE_BULK)
		record_set_bool(record, EVENT_COLUMN_BULK, true);
	if (event->flags & TRACE_LARGE)
		record_set_bool(record, EVENT_COLUMN_LARGE, true);
	if (event->flags & TRACE_FOREIGN)
		record_set_bool(record, EVENT_COLUMN_FOREIGN, true);
}

static struct dill_error *set_stack(struct dill_record *record, const struct trace_event *event,
				    namer name, void *context, struct arena *arena)
{
	const char **texts = arena_alloc_array(arena, event->stack_count, sizeof(*texts));

	if (!texts)
		return error_no_memory();
	for (size_t i = 0; i < event->stack_count; i++) {
		_cleanup_(strbuf_deinitp)
		struct strbuf text = {0};

		TRY(name(context, event->stack[i], &text));
		if (!text.length)
			strbuf_append_format(&text, "0x%016" PRIx64, event->stack[i]);
		TRY(strbuf_error(&text));
		texts[i] = arena_copy_text(arena, strbuf_get(&text), text.length);
		if (!texts[i])
			return error_no_memory();
	}
	record_set_texts(record, EVENT_COLUMN_STACK, texts, event->stack_count);
	return NULL;
}

struct dill_error *event_record(const struct trace_event *event, namer name, void *context,
				struct arena *arena, struct dill_record **ret)
{
	struct dill_record *record = record_new(arena, &event_kind);

	if (!record)
		return error_no_memory();
	record_set_number(record, EVENT_COLUMN_SEQUENCE, event->sequence);
	record_set_number(record, EVENT_COLUMN_TIME, event->time_ns);
	record_set_number(record, EVENT_COLUMN_CPU, event->cpu);
	record_set_number(record, EVENT_COLUMN_PID, event->pid);
	record_set_number(record, EVENT_COLUMN_TGID, event->tgid);
	record_set_text(record, EVENT_COLUMN_COMM, event->comm);
	record_set_enum(record, EVENT_COLUMN_EVENT,
			event_word(event->kind, event->flags & TRACE_DOUBLE));
	record_set_text(record, EVENT_COLUMN_FUNCTION, event->function);
	record_set_text(record, EVENT_COLUMN_CACHE, event->cache_name);
	if (event->object)
		record_set_number(record, EVENT_COLUMN_OBJECT, event->object);
	record_set_text(record, EVENT_COLUMN_CALLER, event->caller_name);
	record_set_number(record, EVENT_COLUMN_CALLER_ADDRESS, event->caller);
	if (event->kind == TRACE_ALLOC)
		set_allocation(record, event);
	set_flags(record, event);
	if (event->stack_count)
		TRY(set_stack(record, event, name, context, arena));
	*ret = record;
	return NULL;
}
