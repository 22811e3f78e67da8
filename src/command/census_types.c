/* SPDX-License-Identifier: MIT */
/* kcensus by what the objects are. */
#include <inttypes.h>

#include "base/number_map.h"
#include "command/census.h"
#include "graph/typing.h"

/* Objects in use of one type in one cache. */
struct type_group {
	const struct cache *cache; /* NULL = large blocks */
	graph_index object;	   /* one of them, the first that is sure */
	uint64_t objects, memory, against;
	uint64_t trusts[TYPE_TRUSTS], sources[TYPE_SOURCES];
};

struct type_count {
	struct command_call *call;
	const struct census_order *order;
	struct typing typing;
	ARRAY(struct type_group) groups;
	struct number_map map; /* type and cache -> place in groups */
	uint64_t total;	       /* bytes of all groups */
	uint64_t known, objects;
};

/* --- counting --- */

static bool is_chosen(const struct census_order *order, const struct cache *cache)
{
	if (!cache)
		return order->large;
	if (order->chosen == &order->survey->all)
		return true;
	for (size_t i = 0; i < order->chosen->count; i++)
		if (order->chosen->items[i].address == cache->address)
			return true;
	return false;
}

/* Never 0: the number of the cache stands in the lower half, and begins at 1. */
static uint64_t key_of(const struct type_count *count, const struct cache *cache,
		       const struct typed *typed)
{
	uint64_t what = typed->source == TYPE_FROM_TEXT ? UINT32_MAX : typed->type;
	uint64_t number = cache ? (uint64_t)(cache - count->order->survey->all.items) + 2 : 1;

	return what << 32 | number;
}

static struct dill_error *take(struct type_count *count, const struct graph_slab *slab,
			       graph_index object)
{
	const struct typed *typed = &count->typing.objects[object];
	uint64_t key = key_of(count, slab->cache, typed), at;
	struct type_group fresh = {.cache = slab->cache, .object = object}, *group;

	if (!number_map_get(&count->map, key, &at)) {
		at = count->groups.count;
		TRY(array_push(&count->groups, fresh));
		TRY(number_map_put(&count->map, key, at));
	}
	group = &count->groups.items[at];
	if (typed->trust > count->typing.objects[group->object].trust)
		group->object = object;
	group->objects++;
	group->memory += slab->size;
	group->against += typed->against;
	group->trusts[typed->trust]++;
	group->sources[typed->source]++;
	count->total += slab->size;
	count->objects++;
	count->known += typed->trust != TYPE_UNKNOWN;
	return NULL;
}

static struct dill_error *count_objects(struct type_count *count)
{
	const struct graph *graph = count->typing.graph;

	for (size_t i = 0; i < graph->slabs.count; i++) {
		const struct graph_slab *slab = &graph->slabs.items[i];

		if (!is_chosen(count->order, slab->cache))
			continue;
		for (uint32_t n = 0; n < slab->count; n++) {
			graph_index object = slab->first + n;
			uint8_t state = graph->objects.items[object].state;

			if (state_in_use((enum object_state)state))
				TRY(take(count, slab, object));
		}
	}
	return NULL;
}

/* --- records --- */

static int by_memory(const void *a, const void *b)
{
	const struct type_group *one = a, *two = b;

	if (one->memory != two->memory)
		return one->memory < two->memory ? 1 : -1;
	return (one->object > two->object) - (one->object < two->object);
}

static enum type_source main_source(const struct type_group *group)
{
	int most = 0;

	for (int source = 1; source < TYPE_SOURCES; source++)
		if (group->sources[source] > group->sources[most])
			most = source;
	return (enum type_source)most;
}

static struct dill_error *make_group(void *context, size_t index, struct arena *arena,
				     struct dill_record **ret)
{
	const struct type_count *count = context;
	const struct type_group *group = &count->groups.items[index];
	struct dill_record *record = record_new(arena, &census_type_kind);
	_cleanup_(strbuf_deinitp)
	struct strbuf name = {0};

	if (!record)
		return error_no_memory();
	TRY(typing_name(&count->typing, group->object, &name));
	TRY(strbuf_error(&name));
	if (name.length)
		record_set_text(record, CENSUS_TYPE_TYPE,
				arena_copy_text(count->call->arena, name.data, name.length));
	record_set_text(record, CENSUS_TYPE_CACHE,
			group->cache ? group->cache->name : LARGE_BLOCK_NAME);
	record_set_number(record, CENSUS_TYPE_OBJECTS, group->objects);
	record_set_number(record, CENSUS_TYPE_MEMORY, group->memory);
	record_set_number(record, CENSUS_TYPE_SHARE, permille(group->memory, count->total));
	record_set_number(record, CENSUS_TYPE_OBJECT,
			  graph_address(count->typing.graph, group->object));
	*ret = record;
	if (!name.length)
		return NULL;
	record_set_number(record, CENSUS_TYPE_CERTAIN, group->trusts[TYPE_CERTAIN]);
	record_set_number(record, CENSUS_TYPE_LIKELY, group->trusts[TYPE_LIKELY]);
	record_set_number(record, CENSUS_TYPE_BEGINS, group->trusts[TYPE_BEGINS]);
	record_set_enum(record, CENSUS_TYPE_SOURCE, main_source(group));
	if (group->against)
		record_set_number(record, CENSUS_TYPE_AGAINST, group->against);
	return NULL;
}

static struct dill_error *emit(struct type_count *count)
{
	struct row_source source = {&census_type_kind, count->groups.count, make_group, count};

	if (count->groups.count)
		qsort(count->groups.items, count->groups.count, sizeof(*count->groups.items),
		      by_memory);
	TRY(rows_emit(count->call, &source, &count->order->order));
	return rows_note(count->call,
			 arena_format(count->call->arena,
				      "of %" PRIu64 " objects the type of %" PRIu64 " is known",
				      count->objects, count->known));
}

struct dill_error *census_by_type(struct command_call *call, const struct census_order *order)
{
	struct type_count count = {.call = call, .order = order};
	_cleanup_(graph_deinitp)
	struct graph graph = {0};
	struct dill_error *error;

	TRY(graph_read(order->survey, &graph));
	error = typing_find(&graph, call->arena, &count.typing);
	if (!error)
		error = count_objects(&count);
	if (!error)
		error = emit(&count);
	typing_deinit(&count.typing);
	array_free(&count.groups);
	number_map_deinit(&count.map);
	return dill_error_add_context(error, "--by type");
}
