/* SPDX-License-Identifier: MIT */
#include "command/census.h"
#include "command/fill_finding.h"
#include "graph/typing.h"
#include "slub/alloc_tag.h"

struct streamer {
	struct command_call *call;
	struct heap *heap;
	struct arena *arena; /* of the records: reset now and then */
	struct origin_names *names;
	struct origin_reader origins; /* of the current cache */
	struct census_clock clock;
	const char *doubt;	     /* of allocation tags; NULL for none */
	bool tagged;		     /* whether any was shown */
	uint64_t left;		     /* rows that may still be shown */
	const struct typing *typing; /* NULL = types are not wanted */
};

static bool wants_bytes(void *context, const struct cache *cache)
{
	struct streamer *streamer = context;

	origin_reader_init(streamer->heap, cache, &streamer->origins);
	return streamer->left && origin_needs_bytes(&streamer->origins);
}

static struct dill_error *set_origin(struct streamer *streamer, const struct mapped_slab *slab,
				     struct span bytes, uint32_t index, struct dill_record *record)
{
	struct origin origin;
	const char *name;
	uint64_t age;

	TRY(origin_read(&streamer->origins, &slab->slab, bytes, index, &origin));
	if (origin.has_requested)
		record_set_number(record, CENSUS_OBJECT_REQUESTED, origin.requested);
	if (origin.kind == ORIGIN_NONE)
		return NULL;
	TRY(origin_name(streamer->names, origin.kind, origin.address, &name));
	record_set_text(record, CENSUS_OBJECT_SITE, name);
	record_set_number(record, CENSUS_OBJECT_CALLER, origin.address);
	if (origin.kind == ORIGIN_TAG) {
		record_set_text(record, CENSUS_OBJECT_DOUBT, streamer->doubt);
		streamer->tagged = true;
	}
	if (origin.has_pid)
		record_set_signed(record, CENSUS_OBJECT_PID, origin.pid);
	if (!origin.has_track)
		return NULL;
	record_set_number(record, CENSUS_OBJECT_CPU, origin.cpu);
	if (census_age(&streamer->clock, &origin, &age))
		record_set_number(record, CENSUS_OBJECT_AGE, age);
	return NULL;
}

static struct dill_error *set_type(struct streamer *streamer, dill_virt address,
				   struct dill_record *record)
{
	const struct typing *typing = streamer->typing;
	_cleanup_(strbuf_deinitp)
	struct strbuf name = {0};
	uint32_t delta;
	graph_index object = graph_find(typing->graph, address, &delta);

	if (object == GRAPH_NONE || !typing->objects[object].trust)
		return NULL;
	TRY(typing_name(typing, object, &name));
	TRY(strbuf_error(&name));
	record_set_text(record, CENSUS_OBJECT_TYPE,
			arena_copy_text(streamer->arena, name.data, name.length));
	record_set_enum(record, CENSUS_OBJECT_SOURCE, typing->objects[object].source);
	record_set_enum(record, CENSUS_OBJECT_TRUST, typing->objects[object].trust);
	return NULL;
}

static struct dill_error *emit_object(struct streamer *streamer, const struct cache_map *map,
				      const struct mapped_slab *slab, struct span bytes,
				      uint32_t index, enum object_state state)
{
	const struct cache *cache = map->cache;
	struct dill_record *record = record_new(streamer->arena, &census_object_kind);

	if (!record)
		return error_no_memory();
	record_set_number(record, CENSUS_OBJECT_OBJECT,
			  cache_object(cache, slab->slab.base, index));
	record_set_text(record, CENSUS_OBJECT_CACHE, cache->name);
	record_set_enum(record, CENSUS_OBJECT_STATE, state);
	record_set_number(record, CENSUS_OBJECT_SIZE, cache->object_size);
	record_set_number(record, CENSUS_OBJECT_SLAB, slab->slab.address);
	record_set_number(record, CENSUS_OBJECT_INDEX, index);
	if (slab->slab.has_node)
		record_set_number(record, CENSUS_OBJECT_NODE, slab->slab.node);
	if (bytes.size || streamer->origins.has_tags)
		TRY(set_origin(streamer, slab, bytes, index, record));
	if (streamer->typing)
		TRY(set_type(streamer, cache_object(cache, slab->slab.base, index), record));
	return streamer->call->sink->emit(streamer->call->sink, record);
}

static struct dill_error *visit_slab(void *context, const struct cache_map *map,
				     const struct mapped_slab *slab, struct span bytes)
{
	struct streamer *streamer = context;

	/* Behind the last row the walk goes on for its findings. */
	for (uint32_t i = 0; i < slab->slab.objects && streamer->left; i++) {
		enum object_state state = cache_map_state(map, slab, i);

		if (!state_in_use(state))
			continue;
		streamer->left--;
		TRY(emit_object(streamer, map, slab, bytes, i, state));
	}
	arena_reset(streamer->arena);
	return NULL;
}

struct dill_error *census_objects(struct command_call *call, const struct census_order *order)
{
	_cleanup_(arena_freep)
	struct arena *arena = NULL;
	_cleanup_(origin_names_freep)
	struct origin_names *names = NULL;
	_cleanup_(graph_deinitp)
	struct graph graph = {0};
	_cleanup_(typing_deinitp)
	struct typing typing = {0};
	struct streamer streamer = {
		.call = call, .heap = order->survey->heap, .left = order->order.rows};
	const struct census_visitor visitor = {visit_slab, NULL, &streamer, wants_bytes};

	TRY(arena_new(&arena));
	TRY(origin_names_new(streamer.heap, call->arena, &names));
	TRY(census_clock_read(streamer.heap->kernel, &streamer.clock));
	TRY(alloc_tag_doubt(streamer.heap, &streamer.doubt));
	streamer.arena = arena;
	streamer.names = names;
	if (order->types) {
		TRY(graph_read(order->survey, &graph));
		TRY(typing_find(&graph, call->arena, &typing));
		streamer.typing = &typing;
	}
	TRY(census_walk(order->survey, order->chosen, &visitor));
	return streamer.tagged ? doubt_emit(call, NULL, streamer.doubt) : NULL;
}
