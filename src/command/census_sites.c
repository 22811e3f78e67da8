/* SPDX-License-Identifier: MIT */
#include "base/array.h"
#include "base/number_map.h"
#include "command/census.h"

#define SECOND UINT64_C(1000000000)

/* Objects of one cache from one place. */
struct site {
	const struct cache *cache;
	enum origin_kind kind;
	dill_virt address;
	uint64_t objects, memory, requested, waste;
	bool has_requested, has_age;
	uint64_t youngest, oldest;
};

/* Upper bounds of the groups by age; behind the last there is one more without. */
static const uint64_t age_bounds[] = {
	SECOND / 10,  SECOND,	     10 * SECOND,    60 * SECOND,
	600 * SECOND, 3600 * SECOND, 86400 * SECOND, 604800 * SECOND,
};
#define AGE_GROUPS (sizeof(age_bounds) / sizeof(age_bounds[0]) + 1)

struct age_group {
	uint64_t objects, memory, requested;
	bool has_requested;
};

struct collector {
	struct heap *heap;
	struct census_clock clock;
	struct origin_reader origins; /* of the current cache */
	ARRAY(struct site) sites;
	struct number_map index; /* of the current cache: address -> place in `sites` + 1 */
	struct age_group ages[AGE_GROUPS + 1]; /* the last: not recorded */
};

/* --- collecting --- */

static bool wants_bytes(void *context, const struct cache *cache)
{
	struct collector *collector = context;

	origin_reader_init(collector->heap, cache, &collector->origins);
	return origin_needs_bytes(&collector->origins);
}

/* Where objects without a known place are; no address of the kernel's. */
#define NO_PLACE 1u

static struct dill_error *find_site(struct collector *collector, const struct origin *origin,
				    struct site **ret)
{
	uint64_t key = origin->kind == ORIGIN_NONE ? NO_PLACE : origin->address, at;
	struct site site = {
		.cache = collector->origins.cache,
		.kind = origin->kind,
		.address = origin->address,
	};

	if (!number_map_get(&collector->index, key, &at)) {
		TRY(array_push(&collector->sites, site));
		at = collector->sites.count;
		TRY(number_map_put(&collector->index, key, at));
	}
	*ret = &collector->sites.items[at - 1];
	return NULL;
}

static void add_age(struct site *site, uint64_t age)
{
	if (!site->has_age || age < site->youngest)
		site->youngest = age;
	if (!site->has_age || age > site->oldest)
		site->oldest = age;
	site->has_age = true;
}

static size_t age_group(uint64_t age)
{
	size_t group = 0;

	while (group < AGE_GROUPS - 1 && age >= age_bounds[group])
		group++;
	return group;
}

static struct dill_error *take(struct collector *collector, const struct origin *origin)
{
	const struct cache *cache = collector->origins.cache;
	struct age_group *group = &collector->ages[AGE_GROUPS];
	struct site *site;
	uint64_t age;

	TRY(find_site(collector, origin, &site));
	site->objects++;
	site->memory += cache->size;
	if (census_age(&collector->clock, origin, &age)) {
		add_age(site, age);
		group = &collector->ages[age_group(age)];
	}
	group->objects++;
	group->memory += cache->size;
	if (!origin->has_requested)
		return NULL;
	site->has_requested = group->has_requested = true;
	site->requested += origin->requested;
	site->waste += cache->object_size - origin->requested;
	group->requested += origin->requested;
	return NULL;
}

static struct dill_error *visit_slab(void *context, const struct cache_map *map,
				     const struct mapped_slab *slab, struct span bytes)
{
	struct collector *collector = context;

	for (uint32_t i = 0; i < slab->slab.objects; i++) {
		struct origin origin;

		if (!state_in_use(cache_map_state(map, slab, i)))
			continue;
		TRY(origin_read(&collector->origins, &slab->slab, bytes, i, &origin));
		TRY(take(collector, &origin));
	}
	return NULL;
}

static struct dill_error *end_cache(void *context, const struct contents *contents,
				    const struct cache_map *map)
{
	struct collector *collector = context;

	(void)contents;
	(void)map;
	number_map_deinit(&collector->index);
	collector->index = (struct number_map){0};
	return NULL;
}

/* Without any record of users there is one group of everything, which says nothing. */
static struct dill_error *require_records(const struct census_order *order, const char *what)
{
	for (size_t i = 0; i < order->chosen->count; i++) {
		struct origin_reader reader;

		origin_reader_init(order->survey->heap, &order->chosen->items[i], &reader);
		if (origin_is_recorded(&reader))
			return NULL;
	}
	return dill_error_new(DILL_ERROR_UNSUPPORTED,
			      "--by %s: this kernel does not record who allocates from these "
			      "caches; boot it with slab_debug=U, or slub_debug=U before 6.8",
			      what);
}

static struct dill_error *collect(const struct census_order *order, struct collector *collector)
{
	const struct census_visitor visitor = {visit_slab, end_cache, collector, wants_bytes};

	TRY(census_clock_read(collector->heap->kernel, &collector->clock));
	return census_walk(order->survey, order->chosen, &visitor);
}

static void deinit(struct collector *collector)
{
	array_free(&collector->sites);
	number_map_deinit(&collector->index);
}

/* --- records --- */

static int by_memory(const void *a, const void *b)
{
	const struct site *one = a, *two = b;

	if (one->memory != two->memory)
		return one->memory < two->memory ? 1 : -1;
	if (one->cache != two->cache)
		return one->cache < two->cache ? -1 : 1;
	return (one->address > two->address) - (one->address < two->address);
}

static struct dill_error *emit_site(struct command_call *call, struct origin_names *names,
				    const struct site *site, struct arena *arena)
{
	struct record *record = record_new(arena, &census_site_kind);
	const char *name;

	if (!record)
		return error_no_memory();
	TRY(origin_name(names, site->kind, site->address, &name));
	record_set_text(record, CENSUS_SITE_SITE, name);
	record_set_text(record, CENSUS_SITE_CACHE, site->cache->name);
	record_set_number(record, CENSUS_SITE_OBJECTS, site->objects);
	record_set_number(record, CENSUS_SITE_MEMORY, site->memory);
	if (site->has_requested) {
		record_set_number(record, CENSUS_SITE_REQUESTED_BYTES, site->requested);
		record_set_number(record, CENSUS_SITE_REQUEST_WASTE, site->waste);
	}
	if (site->has_age) {
		record_set_number(record, CENSUS_SITE_YOUNGEST, site->youngest);
		record_set_number(record, CENSUS_SITE_OLDEST, site->oldest);
	}
	if (site->kind != ORIGIN_NONE)
		record_set_number(record, CENSUS_SITE_ADDRESS, site->address);
	return call->sink->emit(call->sink, record);
}

static struct dill_error *emit_sites(struct command_call *call, const struct census_order *order,
				     struct collector *collector)
{
	_cleanup_(arena_freep)
	struct arena *arena = NULL;
	_cleanup_(origin_names_freep)
	struct origin_names *names = NULL;

	TRY(arena_new(&arena));
	TRY(origin_names_new(collector->heap, call->arena, &names));
	if (collector->sites.count)
		qsort(collector->sites.items, collector->sites.count,
		      sizeof(*collector->sites.items), by_memory);
	for (size_t i = 0; i < collector->sites.count && i < order->rows; i++) {
		TRY(emit_site(call, names, &collector->sites.items[i], arena));
		arena_reset(arena);
	}
	return NULL;
}

struct dill_error *census_by_site(struct command_call *call, const struct census_order *order)
{
	struct collector collector = {.heap = order->survey->heap};
	struct dill_error *error;

	TRY(require_records(order, "site"));
	error = collect(order, &collector);
	if (!error)
		error = emit_sites(call, order, &collector);
	deinit(&collector);
	return error;
}

static struct dill_error *emit_ages(struct command_call *call, const struct age_group *groups)
{
	for (size_t i = 0; i <= AGE_GROUPS; i++) {
		struct record *record = record_new(call->arena, &census_age_kind);

		if (!record)
			return error_no_memory();
		if (!groups[i].objects)
			continue;
		if (i < AGE_GROUPS)
			record_set_number(record, CENSUS_AGE_FROM, i ? age_bounds[i - 1] : 0);
		if (i < AGE_GROUPS - 1)
			record_set_number(record, CENSUS_AGE_TO, age_bounds[i]);
		record_set_number(record, CENSUS_AGE_OBJECTS, groups[i].objects);
		record_set_number(record, CENSUS_AGE_MEMORY, groups[i].memory);
		if (groups[i].has_requested)
			record_set_number(record, CENSUS_AGE_REQUESTED_BYTES, groups[i].requested);
		TRY(call->sink->emit(call->sink, record));
	}
	return NULL;
}

struct dill_error *census_by_age(struct command_call *call, const struct census_order *order)
{
	struct collector collector = {.heap = order->survey->heap};
	struct dill_error *error;

	TRY(require_records(order, "age"));
	error = collect(order, &collector);
	if (!error && !collector.clock.known)
		error = dill_error_new(DILL_ERROR_UNSUPPORTED,
				       "--by age: this kernel does not tell how long a jiffy is");
	if (!error)
		error = emit_ages(call, collector.ages);
	deinit(&collector);
	return error;
}
