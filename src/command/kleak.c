/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>

#include "answer/holder_record.h"
#include "base/number_map.h"
#include "command/census.h"
#include "command/choose.h"
#include "command/fill_finding.h"
#include "command/registry.h"
#include "graph/reach.h"
#include "graph/typing.h"

enum { OPTION_ROWS };

#define ROWS 100u
/* A lone object may be held by a pointer in a disguise that nobody knows; not hundreds of one kind,
 * of which no other one is held. */
#define LIKELY_MIN  16u
#define CERTAIN_MIN 100u

/* Objects of one kind, by what tells kinds apart: type, cache and site. */
struct leak_group {
	const struct graph_slab *slab; /* of the first one */
	uint32_t site;
	graph_index object;
	uint64_t lost, heads, held; /* held: of the same kind, but reached */
};

struct leaks {
	struct command_call *call;
	struct survey *survey;
	const struct cache_list *chosen; /* NULL = all */
	bool blocks;
	struct graph graph;
	struct anchors anchors;
	struct reach reach;
	struct typing typing;
	struct origin_names *sites;
	uint8_t *pointed; /* by object: a lost one points to it */
	struct number_map map;
	ARRAY(struct leak_group) groups;
	uint64_t objects, lost, bytes, certain;
};

static void leaks_deinit(struct leaks *leaks)
{
	free(leaks->pointed);
	number_map_deinit(&leaks->map);
	array_free(&leaks->groups);
	origin_names_free(leaks->sites);
	typing_deinit(&leaks->typing);
	reach_deinit(&leaks->reach);
	anchors_deinit(&leaks->anchors);
	graph_deinit(&leaks->graph);
}

/* --- counting --- */

static bool is_chosen(const struct leaks *leaks, const struct cache *cache)
{
	if (!leaks->chosen)
		return true;
	for (size_t i = 0; cache && i < leaks->chosen->count; i++)
		if (leaks->chosen->items[i].address == cache->address)
			return true;
	return !cache && leaks->blocks;
}

/* Which objects lost ones lead to. */
static struct dill_error *mark_pointed(struct leaks *leaks)
{
	const struct graph *graph = &leaks->graph;

	leaks->pointed = calloc((size_t)graph_count(graph) + 1, 1);
	if (!leaks->pointed)
		return error_no_memory();
	for (graph_index from = 0; from < graph_count(graph); from++) {
		const struct graph_object *item = &graph->objects.items[from];

		for (uint32_t edge = item[0].edge;
		     !reach_has(&leaks->reach, from) && edge < item[1].edge; edge++)
			if (graph->edges.items[edge].to != from)
				leaks->pointed[graph->edges.items[edge].to] = 1;
	}
	return NULL;
}

static uint64_t key_of(const struct leaks *leaks, graph_index object)
{
	const struct graph_slab *slab = graph_slab_of(&leaks->graph, object);
	const struct typed *typed =
		leaks->typing.objects ? &leaks->typing.objects[object] : &(struct typed){0};
	/* What only begins like something says nothing about the kind: bytes that happen to be
	 * text. */
	uint64_t known = typed->source == TYPE_FROM_TEXT ? UINT32_MAX : typed->type;
	uint64_t type = typed->trust >= TYPE_LIKELY ? known : 0;
	uint64_t cache = slab->cache ? (uint64_t)(slab->cache - leaks->survey->all.items) + 1 : 0;
	uint64_t site = leaks->graph.objects.items[object].site;

	/* Mixed: three numbers are more than 64 bits; an odd multiplier loses nothing of any of
	 * them alone, and what falls together is shown as one group. */
	return ((type + 1) * UINT64_C(0x9e3779b97f4a7c15)) ^
	       ((site + 1) * UINT64_C(0xc2b2ae3d27d4eb4f)) ^ (cache + 1);
}

static struct dill_error *find_group(struct leaks *leaks, graph_index object,
				     struct leak_group **ret)
{
	struct leak_group fresh = {.slab = graph_slab_of(&leaks->graph, object),
				   .site = leaks->graph.objects.items[object].site,
				   .object = object};
	uint64_t key = key_of(leaks, object), at;

	key += !key;
	if (!number_map_get(&leaks->map, key, &at)) {
		at = leaks->groups.count;
		TRY(array_push(&leaks->groups, fresh));
		TRY(number_map_put(&leaks->map, key, at));
	}
	*ret = &leaks->groups.items[at];
	return NULL;
}

static struct dill_error *count_object(struct leaks *leaks, graph_index object)
{
	const struct graph_slab *slab = graph_slab_of(&leaks->graph, object);
	bool held = reach_has(&leaks->reach, object);
	struct leak_group *group;

	leaks->objects++;
	TRY(find_group(leaks, object, &group));
	group->held += held;
	if (held)
		return NULL;
	if (!group->lost++)
		group->object = object;
	group->heads += !leaks->pointed[object];
	leaks->lost++;
	leaks->bytes += slab->size;
	return NULL;
}

static struct dill_error *count(struct leaks *leaks)
{
	const struct graph *graph = &leaks->graph;

	for (graph_index i = 0; i < graph_count(graph); i++) {
		uint8_t state = graph->objects.items[i].state;

		if (state == OBJECT_LIVE && is_chosen(leaks, graph_slab_of(graph, i)->cache))
			TRY(count_object(leaks, i));
	}
	return NULL;
}

/* --- how sure --- */

static enum leak_word sure(const struct leaks *leaks, const struct leak_group *group)
{
	const struct target *target = kernel_target(leaks->survey->heap->kernel);
	bool all_read = !leaks->anchors.unreadable && !target_moves(target);

	if (group->lost >= CERTAIN_MIN && group->lost >= 4 * group->held && all_read)
		return LEAK_CERTAIN;
	return group->lost >= LIKELY_MIN && group->lost >= group->held ? LEAK_LIKELY : LEAK_PERHAPS;
}

/* --- records --- */

static int by_bytes(const void *a, const void *b)
{
	const struct leak_group *one = a, *two = b;
	uint64_t first = one->lost * one->slab->size, second = two->lost * two->slab->size;

	if (first != second)
		return first < second ? 1 : -1;
	return (one->object > two->object) - (one->object < two->object);
}

static struct dill_error *make_row(void *context, size_t index, struct arena *arena,
				   struct dill_record **ret)
{
	const struct leaks *leaks = context;
	const struct leak_group *group = &leaks->groups.items[index];
	struct dill_record *record = record_new(arena, &leak_kind);
	_cleanup_(strbuf_deinitp)
	struct strbuf name = {0};
	const char *site = NULL;

	if (!record)
		return error_no_memory();
	*ret = record;
	if (leaks->typing.objects && leaks->typing.objects[group->object].trust >= TYPE_LIKELY)
		TRY(typing_name(&leaks->typing, group->object, &name));
	TRY(strbuf_error(&name));
	if (name.length)
		record_set_text(record, LEAK_TYPE,
				arena_copy_text(leaks->call->arena, name.data, name.length));
	if (group->site)
		TRY(origin_name(leaks->sites, ORIGIN_CALLER, leaks->graph.sites.items[group->site],
				&site));
	record_set_text(record, LEAK_SITE, site);
	record_set_text(record, LEAK_CACHE,
			group->slab->cache ? group->slab->cache->name : LARGE_BLOCK_NAME);
	record_set_number(record, LEAK_SIZE, group->slab->object_size);
	record_set_number(record, LEAK_OBJECTS, group->lost);
	record_set_number(record, LEAK_BYTES, group->lost * group->slab->size);
	record_set_number(record, LEAK_HEADS, group->heads);
	record_set_enum(record, LEAK_SURE, sure(leaks, group));
	record_set_number(record, LEAK_OBJECT, graph_address(&leaks->graph, group->object));
	return NULL;
}

static struct dill_error *emit_total(struct leaks *leaks)
{
	struct dill_record *record = record_new(leaks->call->arena, &leak_total_kind);

	if (!record)
		return error_no_memory();
	record_set_number(record, LEAK_TOTAL_OBJECTS, leaks->objects);
	record_set_number(record, LEAK_TOTAL_LOST, leaks->lost);
	record_set_number(record, LEAK_TOTAL_BYTES, leaks->bytes);
	record_set_number(record, LEAK_TOTAL_SURE, leaks->certain);
	record_set_number(record, LEAK_TOTAL_UNREADABLE, leaks->anchors.unreadable);
	return leaks->call->sink->emit(leaks->call->sink, record);
}

static struct dill_error *emit(struct leaks *leaks)
{
	uint64_t rows = leaks->call->options[OPTION_ROWS].number;
	bool limited = leaks->call->options[OPTION_ROWS].given;
	struct row_order order = {.column = SIZE_MAX,
				  .rows = !limited ? ROWS
					  : rows   ? rows
						   : UINT64_MAX};
	struct row_source source = {&leak_kind, 0, make_row, leaks};

	/* Groups of which all are held come last. */
	if (leaks->groups.count)
		qsort(leaks->groups.items, leaks->groups.count, sizeof(*leaks->groups.items),
		      by_bytes);
	while (source.count < leaks->groups.count && leaks->groups.items[source.count].lost)
		source.count++;
	for (size_t i = 0; i < source.count; i++)
		if (sure(leaks, &leaks->groups.items[i]) == LEAK_CERTAIN)
			leaks->certain += leaks->groups.items[i].lost;
	TRY(rows_emit(leaks->call, &source, &order));
	return emit_total(leaks);
}

static struct dill_error *answer(struct leaks *leaks)
{
	struct dill_error *error;

	TRY(graph_read(leaks->survey, &leaks->graph));
	TRY(anchors_find(&leaks->graph, &leaks->anchors));
	TRY(reach_find(&leaks->graph, &leaks->anchors, GRAPH_NONE, &leaks->reach));
	error = typing_find(&leaks->graph, leaks->call->arena, &leaks->typing);
	TRY(error_forgive(error)); /* without types groups have no names */
	TRY(origin_names_new(leaks->survey->heap, leaks->call->arena, &leaks->sites));
	TRY(mark_pointed(leaks));
	TRY(count(leaks));
	return emit(leaks);
}

static struct dill_error *run(struct command_call *call)
{
	struct findings findings = findings_new(call);
	_cleanup_(survey_deinitp)
	struct survey survey = {0};
	struct leaks leaks = {.call = call, .survey = &survey};
	struct cache_list chosen;
	struct dill_error *error;
	struct heap *heap;

	TRY(session_heap(call->session, &heap));
	TRY(survey_init(heap, call->arena, &findings, &survey));
	if (call->arguments[0]) {
		leaks.blocks = !strcmp(call->arguments[0], LARGE_BLOCK_NAME);
		chosen = (struct cache_list){0};
		if (!leaks.blocks)
			TRY(survey_choose(&survey, call->arguments[0], CHOOSE_ALL, call->arena,
					  &chosen));
		leaks.chosen = &chosen;
	}
	error = answer(&leaks);
	if (!error && leaks.certain)
		call->findings = true;
	leaks_deinit(&leaks);
	return error;
}

static const struct dill_record_kind *const kinds[] = {&leak_kind, &leak_total_kind, NULL};

const struct command kleak_command = {
	.name = "kleak",
	.summary = "Objects that are lost: in use, and nothing leads to them any more",
	.help = "Follows every pointer from outside of the heap (the kernel's image, per-CPU data, "
		"stacks, modules,\n"
		"vmalloc areas, other pages that the kernel uses, struct pages) and in it, and "
		"shows the "
		"live objects\n"
		"that are not reached, by type, cache and site, most memory first. What was freed "
		"and "
		"waits, for RCU\n"
		"say, is not lost.\n"
		"\n"
		"Any word that is an address of an object holds it, an old one on a stack too. A "
		"pointer "
		"that is kept\n"
		"in another form, as a physical address or encrypted, is not seen: so a lone "
		"object is "
		"lost perhaps,\n"
		"hundreds of one kind, of which next to none is held, certainly. The status is 1 "
		"then.\n"
		"\n"
		"Examples:\n"
		"  kleak\n"
		"  kleak 'kmalloc-*' --json\n",
	.arguments = {{"CACHE", ARGUMENT_CACHE, .optional = true}},
	.options =
		{
			[OPTION_ROWS] = {"rows", 'r', ARGUMENT_NUMBER, "N",
					 "show the first N groups (100 without this); 0 shows all"},
		},
	.needs_target = true,
	.kinds = kinds,
	.run = run,
};
