/* SPDX-License-Identifier: MIT */
#include "command/census.h"
#include "command/fill_finding.h"
#include "slub/advice.h"
#include "slub/alloc_tag.h"
#include "slub/site.h"

#define SECOND UINT64_C(1000000000)

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
	struct site_table sites;
	struct age_group ages[AGE_GROUPS + 1]; /* the last: not recorded */
};

/* --- collecting --- */

static bool wants_bytes(void *context, const struct cache *cache)
{
	struct collector *collector = context;

	origin_reader_init(collector->heap, cache, &collector->origins);
	return origin_needs_bytes(&collector->origins);
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
	uint64_t age;
	bool aged = census_age(&collector->clock, origin, &age);
	size_t site;

	TRY(site_table_add(&collector->sites, cache, origin, aged ? &age : NULL, &site));
	if (aged)
		group = &collector->ages[age_group(age)];
	group->objects++;
	group->memory += cache->size;
	if (!origin->has_requested)
		return NULL;
	group->has_requested = true;
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
	site_table_end_cache(&collector->sites);
	return NULL;
}

static struct dill_error *collect(const struct census_order *order, struct collector *collector)
{
	const struct census_visitor visitor = {visit_slab, end_cache, collector, wants_bytes};

	TRY(census_clock_read(collector->heap->kernel, &collector->clock));
	return census_walk(order->survey, order->chosen, &visitor);
}

/* --- records --- */

/* What the rows are made from. */
struct site_rows {
	const struct site_table *sites;
	const char *doubt; /* of allocation tags; NULL for none */
	struct origin_names *names;
	uint64_t total;
};

static bool has_kind(const struct site_table *sites, enum origin_kind kind)
{
	for (size_t i = 0; i < sites->items.count; i++)
		if (sites->items.items[i].kind == kind)
			return true;
	return false;
}

static struct dill_error *make_site(void *context, size_t index, struct arena *arena,
				    struct dill_record **ret)
{
	const struct site_rows *rows = context;
	const struct site *site = &rows->sites->items.items[index];
	struct dill_record *record = record_new(arena, &census_site_kind);
	const char *name;

	if (!record)
		return error_no_memory();
	TRY(origin_name(rows->names, site->kind, site->address, &name));
	record_set_text(record, CENSUS_SITE_SITE, name);
	record_set_text(record, CENSUS_SITE_CACHE, site->cache->name);
	record_set_number(record, CENSUS_SITE_OBJECTS, site->objects);
	record_set_number(record, CENSUS_SITE_MEMORY, site->memory);
	record_set_number(record, CENSUS_SITE_SHARE, permille(site->memory, rows->total));
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
	if (site->kind == ORIGIN_TAG)
		record_set_text(record, CENSUS_SITE_DOUBT, rows->doubt);
	*ret = record;
	return NULL;
}

static struct dill_error *emit_sites(struct command_call *call, const struct census_order *order,
				     struct collector *collector)
{
	_cleanup_(origin_names_freep)
	struct origin_names *names = NULL;
	struct site_rows rows = {.sites = &collector->sites};
	struct row_source source = {&census_site_kind, collector->sites.items.count, make_site,
				    &rows};

	TRY(origin_names_new(collector->heap, call->arena, &names));
	rows.names = names;
	for (size_t i = 0; i < source.count; i++)
		rows.total += collector->sites.items.items[i].memory;
	site_table_sort(&collector->sites);
	TRY(alloc_tag_doubt(collector->heap, &rows.doubt));
	TRY(rows_emit(call, &source, &order->order));
	return has_kind(&collector->sites, ORIGIN_TAG) ? doubt_emit(call, NULL, rows.doubt) : NULL;
}

struct dill_error *census_by_site(struct command_call *call, const struct census_order *order)
{
	struct collector collector = {.heap = order->survey->heap};
	struct dill_error *error;

	TRY(advice_require(order->survey->heap, order->chosen, NEED_SITE, "--by site",
			   call->arena));
	error = collect(order, &collector);
	/* One group of everything says nothing; without an object there is none. */
	if (!error && collector.sites.items.count && !has_kind(&collector.sites, ORIGIN_TAG) &&
	    !has_kind(&collector.sites, ORIGIN_CALLER))
		error = advice_no_tags(order->survey->heap, "--by site", call->arena);
	if (!error)
		error = emit_sites(call, order, &collector);
	site_table_deinit(&collector.sites);
	return error;
}

static struct dill_error *make_age(void *context, size_t index, struct arena *arena,
				   struct dill_record **ret)
{
	const struct age_group *group = context;
	struct dill_record *record = record_new(arena, &census_age_kind);
	size_t i = 0;

	if (!record)
		return error_no_memory();
	/* Groups without an object are no rows. */
	while (!group[i].objects || index--)
		i++;
	if (i < AGE_GROUPS)
		record_set_number(record, CENSUS_AGE_FROM, i ? age_bounds[i - 1] : 0);
	if (i < AGE_GROUPS - 1)
		record_set_number(record, CENSUS_AGE_TO, age_bounds[i]);
	record_set_number(record, CENSUS_AGE_OBJECTS, group[i].objects);
	record_set_number(record, CENSUS_AGE_MEMORY, group[i].memory);
	if (group[i].has_requested)
		record_set_number(record, CENSUS_AGE_REQUESTED_BYTES, group[i].requested);
	*ret = record;
	return NULL;
}

static struct dill_error *emit_ages(struct command_call *call, const struct census_order *order,
				    struct age_group *groups)
{
	struct row_source source = {&census_age_kind, 0, make_age, groups};

	for (size_t i = 0; i <= AGE_GROUPS; i++)
		source.count += groups[i].objects != 0;
	return rows_emit(call, &source, &order->order);
}

struct dill_error *census_by_age(struct command_call *call, const struct census_order *order)
{
	struct collector collector = {.heap = order->survey->heap};
	struct dill_error *error;

	TRY(advice_require(order->survey->heap, order->chosen, NEED_TRACK, "--by age",
			   call->arena));
	error = collect(order, &collector);
	if (!error && !collector.clock.known)
		error = dill_error_new(DILL_ERROR_UNSUPPORTED,
				       "--by age: this kernel does not tell how long a jiffy is");
	if (!error)
		error = emit_ages(call, order, collector.ages);
	site_table_deinit(&collector.sites);
	return error;
}
