/* SPDX-License-Identifier: MIT */
#include "command/history.h"

#include "answer/heap_words.h"
#include "answer/history_record.h"
#include "command/number.h"
#include "command/registry.h"
#include "slub/place.h"
#include "store/object_history.h"

/* A number needs no target; a symbol, or an expression of GDB's, does. */
static struct dill_error *parse_address(struct command_call *call, dill_virt *ret)
{
	const char *text = call->arguments[0];
	struct dill_error *error, *end_error;

	if (address_parse(text, ret))
		return NULL;
	if (!call->session)
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
				      "\"%s\" is no address: give a number; symbols need a target",
				      text);
	TRY(session_begin(call->session));
	error = session_address(call->session, text, ret);
	end_error = session_end(call->session);
	if (!error)
		return end_error;
	dill_error_free(end_error);
	return error;
}

static struct dill_error *emit_heading(struct command_call *call, dill_virt address,
				       const struct trace_history *history)
{
	struct dill_record *record = record_new(call->arena, &history_kind);
	enum object_state state = OBJECT_UNKNOWN;
	size_t allocs = 0;

	if (!record)
		return error_no_memory();
	for (size_t i = 0; i < history->entries.count; i++) {
		enum trace_kind kind = history->entries.items[i].event.kind;

		allocs += kind == TRACE_ALLOC;
		state = kind == TRACE_FREE ? OBJECT_FREE : OBJECT_LIVE;
	}
	record_set_number(record, HISTORY_COLUMN_ADDRESS, address);
	record_set_number(record, HISTORY_COLUMN_EVENTS, history->entries.count);
	record_set_number(record, HISTORY_COLUMN_ALLOCS, allocs);
	if (history->entries.count)
		record_set_enum(record, HISTORY_COLUMN_STATE, state);
	return call->sink->emit(call->sink, record);
}

static struct dill_error *set_stack(struct command_call *call, struct trace_store *store,
				    const struct trace_history *history, uint64_t stack,
				    struct dill_record *record)
{
	uint32_t symbols[TRACE_STACK_MAX];
	const char **texts;
	size_t count;

	if (!stack)
		return NULL;
	TRY(stored_stack_read(store, &history->names, stack, symbols, &count));
	texts = arena_alloc_array(call->arena, count + 1, sizeof(*texts));
	if (!texts)
		return error_no_memory();
	for (size_t i = 0; i < count; i++)
		texts[i] = history->names.symbols[symbols[i]].name;
	record_set_texts(record, HISTORY_EVENT_STACK, texts, count);
	return NULL;
}

static void set_who(const struct stored_names *names, const struct stored_event *event,
		    struct dill_record *record)
{
	const struct stored_process *process = &names->processes[event->process];

	record_set_text(record, HISTORY_EVENT_COMM, process->comm);
	record_set_number(record, HISTORY_EVENT_PID, process->pid);
	record_set_number(record, HISTORY_EVENT_CPU, event->cpu);
	if (event->caller != STORED_NONE)
		record_set_text(record, HISTORY_EVENT_CALLER, names->symbols[event->caller].name);
	if (event->function != STORED_NONE)
		record_set_text(record, HISTORY_EVENT_FUNCTION, names->functions[event->function]);
	if (event->cache != STORED_NONE)
		record_set_text(record, HISTORY_EVENT_CACHE, names->caches[event->cache].name);
	if (event->flags & TRACE_FOREIGN)
		record_set_bool(record, HISTORY_EVENT_FOREIGN, true);
}

static void set_allocation(const struct stored_names *names, const struct history_entry *entry,
			   struct dill_record *record)
{
	const struct stored_event *event = &entry->event;

	if (entry->was_free)
		record_set_number(record, HISTORY_EVENT_FREE, entry->free_ns);
	record_set_number(record, HISTORY_EVENT_REQUESTED, event->bytes_requested);
	record_set_number(record, HISTORY_EVENT_GIVEN, event->bytes_given);
	if (event->gfp != STORED_NONE)
		record_set_text(record, HISTORY_EVENT_GFP, names->gfps[event->gfp].names);
}

static struct dill_error *emit_entry(struct command_call *call, struct trace_store *store,
				     const struct trace_history *history,
				     const struct history_entry *entry)
{
	const struct stored_event *event = &entry->event;
	struct dill_record *record = record_new(
		call->arena, history->has_stacks ? &history_stack_kind : &history_event_kind);

	if (!record)
		return error_no_memory();
	record_set_number(record, HISTORY_EVENT_SEQUENCE, event->sequence);
	record_set_number(record, HISTORY_EVENT_TIME, event->time_ns);
	record_set_enum(
		record, HISTORY_EVENT_EVENT,
		event_word(event->kind, event->kind == TRACE_FREE && event->flags & TRACE_DOUBLE));
	record_set_number(record, HISTORY_EVENT_OBJECT, event->object);
	set_who(&history->names, event, record);
	if (event->kind == TRACE_ALLOC)
		set_allocation(&history->names, entry, record);
	if (entry->aged) {
		record_set_number(record, HISTORY_EVENT_AGE, entry->age_ns);
		record_set_number(record, HISTORY_EVENT_ALLOC_SEQUENCE, event->alloc_sequence);
	}
	if (event->kind == TRACE_FREE && (event->flags & TRACE_DOUBLE))
		call->findings = true;
	TRY(set_stack(call, store, history, event->stack, record));
	return call->sink->emit(call->sink, record);
}

struct dill_error *history_emit(struct command_call *call, struct trace_store *store,
				dill_virt address)
{
	_cleanup_(trace_history_freep)
	struct trace_history *history = NULL;

	TRY(trace_history_new(store, address, &history));
	TRY(emit_heading(call, address, history));
	for (size_t i = 0; i < history->entries.count; i++)
		TRY(emit_entry(call, store, history, &history->entries.items[i]));
	return NULL;
}

static struct dill_error *run(struct command_call *call)
{
	_cleanup_(trace_store_freep)
	struct trace_store *store = NULL;
	dill_virt address;

	TRY(parse_address(call, &address));
	TRY(trace_store_open(call->arguments[1], &store));
	return history_emit(call, store, address);
}

static const struct dill_record_kind *const kinds[] = {&history_kind, &history_event_kind, NULL};

const struct command history_command = {
	.name = "history",
	.summary = "Who had the memory at an address, from a recorded trace",
	.help = "Every event of FILE, a trace that was written with \"trace -o FILE\", that is "
		"about an object which held\n"
		"ADDRESS: who allocated it, who freed it at what age, how long it was free, and "
		"who "
		"took it next. ADDRESS\n"
		"may lie inside of an object. Objects of other caches are shown too: a slab may "
		"have become another's.\n"
		"\n"
		"ADDRESS is a number; with a target, also a symbol, and in GDB an expression.\n"
		"The status is 1 when the object was freed twice.\n"
		"\n"
		"Examples:\n"
		"  history 0xffff888004c3a840 trace.db\n"
		"  history 0xffff888004c3a840 trace.db --json\n",
	.arguments = {{"ADDRESS", ARGUMENT_ADDRESS}, {"FILE", ARGUMENT_FILE}},
	.kinds = kinds,
	.run = run,
};
