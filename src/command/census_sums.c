/* SPDX-License-Identifier: MIT */
#include "base/array.h"
#include "command/census.h"
#include "command/choose.h"

/* Sums of a cache, with what the kernel counts. */
struct cache_count {
	const struct cache *cache;
	struct census_count count;
	bool has_totals;
	uint64_t active, kernel_slabs, kernel_objects;
	bool in_motion;
	const char *why;
};

/* A slab to be sorted by what of it is unused. */
struct slab_count {
	const struct cache *cache;
	dill_virt slab, base;
	uint64_t unused, memory;
	uint32_t objects, counts[OBJECT_STATES];
	unsigned node;
	bool has_node;
	enum slab_where where;
};

struct counter {
	struct heap *heap;
	struct arena *arena;
	struct origin_reader origins; /* of the current cache */
	struct census_count current;  /* the same */
	ARRAY(struct cache_count) caches;
	ARRAY(struct census_count) nodes;
	ARRAY(struct slab_count) slabs;
	struct census_count total;
	struct kernel_census kernel;
};

/* --- counting --- */

static bool wants_bytes(void *context, const struct cache *cache)
{
	struct counter *counter = context;

	origin_reader_init(counter->heap, cache, &counter->origins);
	return counter->origins.metadata.orig_size;
}

/* What the users of kmalloc() asked for. */
static struct dill_error *count_requested(struct counter *counter, const struct cache_map *map,
					  const struct mapped_slab *slab, struct span bytes,
					  struct census_count *count)
{
	for (uint32_t i = 0; i < slab->slab.objects; i++) {
		struct origin origin;

		if (!state_in_use(cache_map_state(map, slab, i)))
			continue;
		TRY(origin_read(&counter->origins, &slab->slab, bytes, i, &origin));
		if (!origin.has_requested)
			continue;
		count->requested_objects++;
		count->requested_bytes += origin.requested;
		count->request_waste += map->cache->object_size - origin.requested;
	}
	return NULL;
}

static struct dill_error *count_slab(struct counter *counter, const struct cache_map *map,
				     const struct mapped_slab *slab, struct span bytes,
				     struct census_count *count)
{
	census_add_slab(&count->sums, map, slab);
	kernel_census_add_slab(&counter->kernel, map, slab);
	return bytes.size ? count_requested(counter, map, slab, bytes, count) : NULL;
}

static void add_count(struct census_count *count, const struct census_count *more)
{
	census_add(&count->sums, &more->sums);
	count->requested_objects += more->requested_objects;
	count->requested_bytes += more->requested_bytes;
	count->request_waste += more->request_waste;
}

static struct dill_error *slab_of_cache(void *context, const struct cache_map *map,
					const struct mapped_slab *slab, struct span bytes)
{
	struct counter *counter = context;

	return count_slab(counter, map, slab, bytes, &counter->current);
}

static struct dill_error *slab_of_node(void *context, const struct cache_map *map,
				       const struct mapped_slab *slab, struct span bytes)
{
	struct counter *counter = context;
	unsigned node = slab->slab.node;

	if (node >= kernel_node_limit(counter->heap->kernel))
		node = 0; /* forged; slab_check() would have it there, too */
	while (counter->nodes.count <= node)
		TRY(array_push(&counter->nodes, (struct census_count){0}));
	return count_slab(counter, map, slab, bytes, &counter->nodes.items[node]);
}

static struct dill_error *slab_alone(void *context, const struct cache_map *map,
				     const struct mapped_slab *slab, struct span bytes)
{
	struct counter *counter = context;
	struct slab_count count = {
		.cache = map->cache,
		.slab = slab->slab.address,
		.base = slab->slab.base,
		.objects = slab->slab.objects,
		.node = slab->slab.node,
		.has_node = slab->slab.has_node,
		.where = slab->where,
	};
	uint32_t used = slab->counts[OBJECT_LIVE] + slab->counts[OBJECT_UNKNOWN];

	TRY(count_slab(counter, map, slab, bytes, &counter->current));
	if (slab->where == SLAB_DYING)
		return NULL;
	count.memory = slab_bytes(map->cache, &slab->slab);
	count.unused = (uint64_t)(count.objects - used) * map->cache->object_size;
	for (size_t state = 0; state < OBJECT_STATES; state++)
		count.counts[state] = slab->counts[state];
	return array_push(&counter->slabs, count);
}

static struct dill_error *end_cache(void *context, const struct contents *contents,
				    const struct cache_map *map)
{
	struct counter *counter = context;
	struct cache_count count = {
		.cache = map->cache,
		.count = counter->current,
		.has_totals = contents->has_totals,
		.active = contents->active,
		.kernel_slabs = contents->slabs,
		.kernel_objects = contents->objects,
		.in_motion = map->in_motion,
		.why = map->why ? arena_format(counter->arena, "%s", map->why) : NULL,
	};

	add_count(&counter->total, &counter->current);
	counter->current = (struct census_count){0};
	return array_push(&counter->caches, count);
}

/* --- records --- */

static int by_memory(const void *a, const void *b)
{
	const struct cache_count *one = a, *two = b;
	uint64_t memory = one->count.sums.memory, other = two->count.sums.memory;

	return memory != other ? (memory < other ? 1 : -1)
			       : (one->cache > two->cache) - (one->cache < two->cache);
}

static int by_unused(const void *a, const void *b)
{
	const struct slab_count *one = a, *two = b;

	if (one->unused != two->unused)
		return one->unused < two->unused ? 1 : -1;
	return (one->slab > two->slab) - (one->slab < two->slab);
}

static struct dill_error *make_cache(void *context, size_t index, struct arena *arena,
				     struct dill_record **ret)
{
	const struct counter *counter = context;
	const struct cache_count *count = &counter->caches.items[index];
	struct dill_record *record = record_new(arena, &census_cache_kind);

	if (!record)
		return error_no_memory();
	record_set_text(record, CENSUS_CACHE_NAME, count->cache->name);
	census_record_sums(&count->count, counter->total.sums.memory, record);
	if (count->has_totals) {
		record_set_number(record, CENSUS_CACHE_ACTIVE, count->active);
		record_set_number(record, CENSUS_CACHE_KERNEL_SLABS, count->kernel_slabs);
		record_set_number(record, CENSUS_CACHE_KERNEL_OBJECTS, count->kernel_objects);
	}
	record_set_number(record, CENSUS_CACHE_OBJECT_SIZE, count->cache->object_size);
	record_set_number(record, CENSUS_CACHE_SIZE, count->cache->size);
	record_set_number(record, CENSUS_CACHE_ADDRESS, count->cache->address);
	record_set_bool(record, CENSUS_CACHE_IN_MOTION, count->in_motion);
	record_set_text(record, CENSUS_CACHE_INCOMPLETE, count->why);
	record_set_text(record, CENSUS_CACHE_STANDING, cache_standing_name(count->cache->standing));
	*ret = record;
	return NULL;
}

static struct dill_error *make_slab(void *context, size_t index, struct arena *arena,
				    struct dill_record **ret)
{
	const struct counter *counter = context;
	const struct slab_count *count = &counter->slabs.items[index];
	struct dill_record *record = record_new(arena, &census_slab_kind);

	if (!record)
		return error_no_memory();
	record_set_number(record, CENSUS_SLAB_SLAB, count->slab);
	record_set_text(record, CENSUS_SLAB_CACHE, count->cache->name);
	record_set_number(record, CENSUS_SLAB_UNUSED, count->unused);
	record_set_number(record, CENSUS_SLAB_OBJECTS, count->objects);
	for (size_t state = 0; state < OBJECT_STATES; state++)
		record_set_number(record, CENSUS_SLAB_LIVE + state, count->counts[state]);
	record_set_number(record, CENSUS_SLAB_MEMORY, count->memory);
	if (count->has_node)
		record_set_number(record, CENSUS_SLAB_NODE, count->node);
	record_set_enum(record, CENSUS_SLAB_WHERE, count->where);
	record_set_number(record, CENSUS_SLAB_BASE, count->base);
	*ret = record;
	return NULL;
}

static struct dill_error *make_node(void *context, size_t index, struct arena *arena,
				    struct dill_record **ret)
{
	const struct counter *counter = context;
	struct dill_record *record = record_new(arena, &census_node_kind);

	if (!record)
		return error_no_memory();
	record_set_number(record, CENSUS_NODE_NUMBER, index);
	census_record_sums(&counter->nodes.items[index], counter->total.sums.memory, record);
	*ret = record;
	return NULL;
}

static struct dill_error *emit_total(struct command_call *call, const struct counter *counter,
				     const struct census_order *order)
{
	struct dill_record *record = record_new(call->arena, &census_total_kind);

	if (!record)
		return error_no_memory();
	record_set_number(record, CENSUS_TOTAL_CACHES, order->chosen->count);
	census_record_sums(&counter->total, counter->total.sums.memory, record);
	return call->sink->emit(call->sink, record);
}

static struct dill_error *emit_caches(struct command_call *call, struct counter *counter,
				      const struct census_order *order)
{
	struct row_source source = {&census_cache_kind, counter->caches.count, make_cache, counter};
	size_t empty = 0;

	if (counter->caches.count)
		qsort(counter->caches.items, counter->caches.count, sizeof(*counter->caches.items),
		      by_memory);
	/* They are the last ones. */
	while (order->folds && source.count &&
	       !counter->caches.items[source.count - 1].count.sums.memory) {
		source.count--;
		empty++;
	}
	TRY(rows_emit(call, &source, &order->order));
	if (!empty)
		return NULL;
	return rows_note(call, arena_format(call->arena,
					    "%zu more cache%s without slabs: --rows 0 shows all",
					    empty, empty == 1 ? " is" : "s are"));
}

static struct dill_error *emit_nodes(struct command_call *call, struct counter *counter,
				     const struct census_order *order)
{
	struct row_source source = {&census_node_kind, counter->nodes.count, make_node, counter};

	for (size_t i = 0; i < counter->nodes.count; i++)
		add_count(&counter->total, &counter->nodes.items[i]);
	return rows_emit(call, &source, &order->order);
}

static struct dill_error *emit_slabs(struct command_call *call, struct counter *counter,
				     const struct census_order *order)
{
	struct row_source source = {&census_slab_kind, counter->slabs.count, make_slab, counter};

	if (counter->slabs.count)
		qsort(counter->slabs.items, counter->slabs.count, sizeof(*counter->slabs.items),
		      by_unused);
	return rows_emit(call, &source, &order->order);
}

/* --- the three ways --- */

typedef struct dill_error *(*slab_visitor)(void *context, const struct cache_map *map,
					   const struct mapped_slab *slab, struct span bytes);
typedef struct dill_error *(*emitter)(struct command_call *call, struct counter *counter,
				      const struct census_order *order);

static struct dill_error *walk(struct command_call *call, const struct census_order *order,
			       struct counter *counter, slab_visitor slab, emitter emit)
{
	const struct census_visitor visitor = {slab, end_cache, counter, wants_bytes};

	TRY(kernel_census_init(counter->heap, call->arena, &counter->kernel));
	TRY(census_walk(order->survey, order->chosen, &visitor));
	TRY(emit(call, counter, order));
	if (order->large)
		TRY(large_blocks_emit(call, &order->survey->scan, emit == emit_nodes));
	TRY(emit_total(call, counter, order));
	if (order->chosen != &order->survey->all)
		return NULL;
	return kernel_census_emit(call, &counter->kernel, &order->survey->scan, emit == emit_nodes);
}

static struct dill_error *count(struct command_call *call, const struct census_order *order,
				slab_visitor slab, emitter emit)
{
	struct counter counter = {.heap = order->survey->heap, .arena = call->arena};
	struct dill_error *error = walk(call, order, &counter, slab, emit);

	array_free(&counter.caches);
	array_free(&counter.nodes);
	array_free(&counter.slabs);
	return error;
}

struct dill_error *census_by_cache(struct command_call *call, const struct census_order *order)
{
	return count(call, order, slab_of_cache, emit_caches);
}

struct dill_error *census_by_node(struct command_call *call, const struct census_order *order)
{
	struct heap *heap;

	TRY(session_heap(call->session, &heap));
	TRY(need_nodes(heap));
	return count(call, order, slab_of_node, emit_nodes);
}

struct dill_error *census_by_slab(struct command_call *call, const struct census_order *order)
{
	return count(call, order, slab_alone, emit_slabs);
}
