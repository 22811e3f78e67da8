/* SPDX-License-Identifier: MIT */
#include <inttypes.h>

#include "command/fill_finding.h"
#include "command/fill_holder.h"
#include "command/registry.h"

enum { OPTION_ALL, OPTION_DEPTH, OPTION_ROWS };

/* Direct holders: a popular object has as many as there are objects. */
#define ROWS 1000u

struct why {
	struct command_call *call;
	struct inquiry *inquiry;
	struct graph graph;
	struct anchors anchors;
	struct reach reach;
	struct typing typing;
	struct holder_names names;
	graph_index object;
	uint64_t holders;
};

static void why_deinit(struct why *why)
{
	holder_names_deinit(&why->names);
	typing_deinit(&why->typing);
	reach_deinit(&why->reach);
	anchors_deinit(&why->anchors);
	graph_deinit(&why->graph);
}

/* --- direct holders --- */

/* Call @p take for each word that points to the object, those outside of the heap first. */
static struct dill_error *each_holder(struct why *why,
				      struct dill_error *(*take)(struct why *why,
								 struct dill_record *record))
{
	const struct graph *graph = &why->graph;
	struct dill_record *record;

	for (size_t i = 0; i < why->anchors.items.count; i++) {
		const struct anchor *anchor = &why->anchors.items.items[i];

		if (anchor->to != why->object)
			continue;
		why->holders++;
		if (!take)
			continue;
		TRY(holder_of_anchor(&why->names, anchor, &record));
		TRY(take(why, record));
	}
	for (graph_index from = 0; from < graph_count(graph); from++) {
		const struct graph_object *item = &graph->objects.items[from];

		for (uint32_t edge = item[0].edge; edge < item[1].edge; edge++) {
			if (graph->edges.items[edge].to != why->object || from == why->object)
				continue;
			why->holders++;
			if (!take)
				continue;
			TRY(holder_of_edge(&why->names, from, &graph->edges.items[edge], &record));
			TRY(take(why, record));
		}
	}
	return NULL;
}

static struct dill_error *emit_direct(struct why *why, struct dill_record *record)
{
	uint64_t rows = why->call->options[OPTION_ROWS].number;
	uint64_t most = !why->call->options[OPTION_ROWS].given ? ROWS : rows ? rows : UINT64_MAX;

	return why->holders <= most ? why->call->sink->emit(why->call->sink, record) : NULL;
}

/* --- the way --- */

/* Steps from the object back to the outside: their number. */
static size_t way_length(const struct why *why)
{
	size_t length = 0;

	for (graph_index at = why->object; at != GRAPH_NONE; at = why->reach.from[at])
		length++;
	return length;
}

/* The last steps when --depth leaves out some. */
static struct dill_error *emit_way(struct why *why)
{
	uint64_t depth = why->call->options[OPTION_DEPTH].number;
	size_t length = way_length(why), shown = length;
	graph_index *way = arena_alloc_array(why->call->arena, length, sizeof(*way));
	graph_index at = why->object;

	if (!way)
		return error_no_memory();
	for (size_t i = length; i-- > 0; at = why->reach.from[at])
		way[i] = at;
	if (why->call->options[OPTION_DEPTH].given && depth < length)
		shown = (size_t)depth;
	for (size_t i = length - shown; i < length; i++) {
		uint32_t by = why->reach.by[way[i]];
		struct dill_record *record;

		if (i)
			TRY(holder_of_edge(&why->names, way[i - 1], &why->graph.edges.items[by],
					   &record));
		else
			TRY(holder_of_anchor(&why->names, &why->anchors.items.items[by], &record));
		record_set_number(record, HOLDER_STEP, i);
		TRY(why->call->sink->emit(why->call->sink, record));
	}
	return NULL;
}

/* --- the object --- */

/* What is reached no more when nothing leads on from the object. */
static struct dill_error *set_retained(struct why *why, struct dill_record *record)
{
	struct reach without;
	uint64_t own = graph_slab_of(&why->graph, why->object)->size;
	struct dill_error *error = reach_find(&why->graph, &why->anchors, why->object, &without);

	if (!error) {
		record_set_number(record, HELD_RETAINED_OBJECTS,
				  why->reach.objects - without.objects + 1);
		record_set_number(record, HELD_RETAINED_BYTES,
				  why->reach.bytes - without.bytes + own);
	}
	reach_deinit(&without);
	return error;
}

static struct dill_error *emit_object(struct why *why)
{
	const struct graph_slab *slab = graph_slab_of(&why->graph, why->object);
	struct dill_record *record = record_new(why->call->arena, &held_kind);
	bool reached = reach_has(&why->reach, why->object);
	const char *type;

	if (!record)
		return error_no_memory();
	TRY(each_holder(why, NULL));
	TRY(holder_type(&why->names, why->object, &type));
	record_set_number(record, HELD_OBJECT, graph_address(&why->graph, why->object));
	record_set_text(record, HELD_CACHE, slab->cache ? slab->cache->name : LARGE_BLOCK_NAME);
	record_set_text(record, HELD_TYPE, type);
	record_set_number(record, HELD_SIZE, slab->object_size);
	record_set_enum(record, HELD_STATE, why->graph.objects.items[why->object].state);
	record_set_bool(record, HELD_REACHED, reached);
	record_set_number(record, HELD_HOLDERS, why->holders);
	if (reached)
		TRY(set_retained(why, record));
	return why->call->sink->emit(why->call->sink, record);
}

static struct dill_error *locate(struct why *why, dill_virt address)
{
	uint32_t delta;

	why->object = graph_find(&why->graph, address, &delta);
	if (why->object == GRAPH_NONE)
		return dill_error_new(DILL_ERROR_NOT_FOUND,
				      "0x%" PRIx64
				      " lies in no object of the heap; kobj tells what it "
				      "is",
				      address);
	if (!graph_is_node(&why->graph, why->object))
		return dill_error_new(DILL_ERROR_NOT_FOUND,
				      "the object at 0x%" PRIx64
				      " is free: nobody holds it; kobj tells where it is",
				      graph_address(&why->graph, why->object));
	return NULL;
}

static struct dill_error *answer(struct why *why, struct survey *survey, dill_virt address)
{
	struct dill_error *error;

	TRY(graph_read(survey, &why->graph));
	TRY(locate(why, address));
	TRY(anchors_find(&why->graph, &why->anchors));
	TRY(reach_find(&why->graph, &why->anchors, GRAPH_NONE, &why->reach));
	error = typing_find(&why->graph, why->call->arena, &why->typing);
	TRY(error_forgive(error)); /* without types holders have no names */
	if (why->typing.objects)
		why->names.typing = &why->typing;
	why->names.graph = &why->graph;
	TRY(emit_object(why));
	if (reach_has(&why->reach, why->object))
		TRY(emit_way(why));
	why->holders = 0;
	return why->call->options[OPTION_ALL].given ? each_holder(why, emit_direct) : NULL;
}

static struct dill_error *run(struct command_call *call)
{
	struct findings of_survey = findings_new(call), findings = findings_new(call);
	_cleanup_(survey_deinitp)
	struct survey survey = {0};
	struct inquiry inquiry = {.survey = &survey, .arena = call->arena, .findings = &findings};
	struct why why = {.call = call, .inquiry = &inquiry, .names = {.inquiry = &inquiry}};
	dill_virt address;
	struct dill_error *error;

	TRY(session_heap(call->session, &inquiry.heap));
	inquiry.kernel = inquiry.heap->kernel;
	TRY(session_address(call->session, call->arguments[0], &address));
	TRY(survey_init(inquiry.heap, call->arena, &of_survey, &survey));
	TRY(objects_init(&survey, call->arena, &inquiry.objects));
	error = answer(&why, &survey, address);
	why_deinit(&why);
	return error;
}

static const struct dill_record_kind *const kinds[] = {&held_kind, &holder_kind, NULL};

const struct command kwhy_command = {
	.name = "kwhy",
	.summary =
		"Who holds an object: the way to it from outside of the heap, and what hangs on it",
	.help = "Follows every pointer of the heap, and the words outside of it that lead there: "
		"of "
		"the kernel's\n"
		"image, per-CPU data, stacks, modules, vmalloc areas and other pages that the "
		"kernel "
		"uses. Shown is\n"
		"the shortest way to the object that ADDRESS lies in, with the members that are "
		"the "
		"pointers, from\n"
		"variables rather than from stacks; and how many objects are held through it "
		"only.\n"
		"\n"
		"A word counts as a pointer when it is one: an old one on a stack holds an object, "
		"too.\n"
		"\n"
		"Examples:\n"
		"  kwhy 0xffff888003c41a40\n"
		"  kwhy 0xffff888003c41a40 --all\n",
	.arguments = {{"ADDRESS", ARGUMENT_ADDRESS}},
	.options =
		{
			[OPTION_ALL] = {"all", 'a', ARGUMENT_NONE, NULL,
					"show every word that points to the object, too"},
			[OPTION_DEPTH] = {"depth", 'd', ARGUMENT_NUMBER, "N",
					  "show the last N steps of the way only"},
			[OPTION_ROWS] =
				{"rows", 'r', ARGUMENT_NUMBER, "N",
				 "with --all: the first N (1000 without this); 0 shows all"},
		},
	.needs_target = true,
	.kinds = kinds,
	.run = run,
};
