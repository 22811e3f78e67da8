/* SPDX-License-Identifier: MIT */
#include "answer/order_record.h"
#include "command/choose.h"
#include "command/fill_finding.h"
#include "command/registry.h"
#include "slub/order.h"
#include "slub/survey.h"

#define DEFAULT_COUNT 10
/* More than the objects of any cache that one would look at. */
#define COUNT_MAX 10000000

enum { OPTION_COUNT, OPTION_CPU };

/* Which CPU, and why. */
struct chosen_cpu {
	unsigned cpu;
	enum order_cpu_source from;
};

static struct dill_error *emit_head(struct command_call *call, const struct order *order,
				    const struct cache *cache, const struct chosen_cpu *chosen)
{
	struct dill_record *record = record_new(call->arena, &order_head_kind);

	if (!record)
		return error_no_memory();
	record_set_text(record, ORDER_COLUMN_CACHE, cache->name);
	record_set_number(record, ORDER_COLUMN_ADDRESS, cache->address);
	record_set_number(record, ORDER_COLUMN_CPU, order->cpu);
	record_set_enum(record, ORDER_COLUMN_CPU_FROM, chosen->from);
	record_set_number(record, ORDER_COLUMN_NODE, order->node);
	record_set_enum(record, ORDER_COLUMN_ENGINE, order->engine);
	if (cache->sheaf_capacity)
		record_set_number(record, ORDER_COLUMN_SHEAF_CAPACITY, cache->sheaf_capacity);
	return call->sink->emit(call->sink, record);
}

static void set_place(struct dill_record *record, const struct place *place)
{
	record_set_enum(record, NEXT_COLUMN_PLACE, place->kind);
	if (place->cpu >= 0)
		record_set_number(record, NEXT_COLUMN_CPU, (uint64_t)place->cpu);
	if (place->node >= 0)
		record_set_number(record, NEXT_COLUMN_NODE, (uint64_t)place->node);
	if (place->kind == PLACE_CPU_PARTIAL || place->kind == PLACE_NODE_PARTIAL ||
	    place->kind == PLACE_BARN)
		record_set_number(record, NEXT_COLUMN_LIST, place->list);
	record_set_number(record, NEXT_COLUMN_SLOT, place->position);
	record_set_number(record, NEXT_COLUMN_CONTAINER, place->container);
}

static struct dill_error *emit_item(struct command_call *call, struct arena *arena,
				    const struct order_item *item)
{
	struct dill_record *record = record_new(arena, &order_next_kind);

	if (!record)
		return error_no_memory();
	record_set_number(record, NEXT_COLUMN_POSITION, item->position);
	record_set_number(record, NEXT_COLUMN_OBJECT, item->object);
	set_place(record, &item->place);
	record_set_bool(record, NEXT_COLUMN_CERTAIN, item->certain);
	return call->sink->emit(call->sink, record);
}

static struct dill_error *emit_note(struct command_call *call, const struct order_note *note)
{
	struct dill_record *record = record_new(call->arena, &order_note_kind);

	if (!record)
		return error_no_memory();
	record_set_number(record, NOTE_COLUMN_POSITION, note->position);
	if (note->count)
		record_set_number(record, NOTE_COLUMN_COUNT, note->count);
	record_set_enum(record, NOTE_COLUMN_KIND, note->kind);
	record_set_text(record, NOTE_COLUMN_TEXT, note->text);
	return call->sink->emit(call->sink, record);
}

/* Items and notes, each note before the item it speaks of. */
static struct dill_error *emit_order(struct command_call *call, struct arena *scratch,
				     const struct order *order)
{
	size_t note = 0;

	for (size_t i = 0; i < order->count; i++) {
		for (; note < order->note_count &&
		       order->notes[note].position <= order->items[i].position;
		     note++)
			TRY(emit_note(call, &order->notes[note]));
		TRY(emit_item(call, scratch, &order->items[i]));
		arena_reset(scratch);
	}
	for (; note < order->note_count; note++)
		TRY(emit_note(call, &order->notes[note]));
	return NULL;
}

static struct dill_error *show(struct command_call *call, struct heap *heap,
			       const struct cache *cache, const struct chosen_cpu *chosen,
			       struct findings *findings)
{
	size_t limit = call->options[OPTION_COUNT].given ? call->options[OPTION_COUNT].number
							 : DEFAULT_COUNT;
	_cleanup_(arena_freep)
	struct arena *arena = NULL, *scratch = NULL;
	struct reading reading;
	struct contents contents;
	struct order order;

	TRY(arena_new(&arena));
	reading = reading_start(heap, CONTENTS_FREELISTS, arena, findings);
	TRY(contents_read(&reading, cache, 1, &contents));
	TRY(order_predict(heap, &contents, chosen->cpu, limit, arena, &order));
	TRY(emit_head(call, &order, cache, chosen));
	TRY(arena_new(&scratch));
	return emit_order(call, scratch, &order);
}

static struct dill_error *choose_cpu(struct command_call *call, struct heap *heap,
				     struct chosen_cpu *ret)
{
	int given;

	TRY(cpu_choose(call, OPTION_CPU, heap->kernel, &given));
	if (given >= 0) {
		ret->from = ORDER_CPU_OPTION;
		ret->cpu = (unsigned)given;
		return NULL;
	}

	bool selected = session_selected_cpu(call->session, &ret->cpu);

	if (selected && kernel_cpu_possible(heap->kernel, ret->cpu)) {
		ret->from = ORDER_CPU_SELECTED;
	} else {
		ret->cpu = 0;
		ret->from = ORDER_CPU_DEFAULT;
	}
	return NULL;
}

static struct dill_error *run(struct command_call *call)
{
	struct findings findings = findings_new(call);
	_cleanup_(survey_deinitp)
	struct survey survey = {0};
	struct cache_list caches;
	struct chosen_cpu chosen;
	struct heap *heap;

	if (call->options[OPTION_COUNT].given && call->options[OPTION_COUNT].number > COUNT_MAX)
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT, "--count: at most %d",
				      COUNT_MAX);
	TRY(session_heap(call->session, &heap));
	TRY(choose_cpu(call, heap, &chosen));
	TRY(survey_init(heap, call->arena, &findings, &survey));
	TRY(caches_choose(&survey.all, call->arguments[0], call->arena, &caches));
	for (size_t i = 0; i < caches.count; i++)
		TRY(show(call, heap, &caches.items[i], &chosen, &findings));
	return findings_emit(call, &survey, &findings);
}

static const struct dill_record_kind *const kinds[] = {
	&order_head_kind, &order_next_kind, &order_note_kind, &finding_record_kind, NULL,
};

const struct command knext_command = {
	.name = "knext",
	.summary = "Which objects the next allocations from a cache will get",
	.help = "Lists the objects that the next allocations from CACHE on one CPU return, in "
		"order, and where\n"
		"each of them is now: on the CPU's freelist, in a sheaf, on a slab's freelist.\n"
		"\n"
		"A line \"from here on\" says where certainty ends, such as at a new slab, whose "
		"address nobody\n"
		"knows yet. It is what happens if nothing else frees or allocates on that CPU "
		"before.\n"
		"\n"
		"Without --cpu it is the CPU whose thread is selected in GDB, or CPU 0.\n"
		"\n"
		"Examples:\n"
		"  knext kmalloc-64\n"
		"  knext kmalloc-cg-1k -n 50 --cpu 1\n",
	.arguments = {{"CACHE", ARGUMENT_CACHE}},
	.options =
		{
			[OPTION_COUNT] = {"count", 'n', ARGUMENT_NUMBER, "K",
					  "how many objects (10)"},
			[OPTION_CPU] = {"cpu", 'c', ARGUMENT_CPU, "CPU", "the CPU that allocates"},
		},
	.needs_target = true,
	.kinds = kinds,
	.run = run,
};
