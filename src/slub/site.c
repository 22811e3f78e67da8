/* SPDX-License-Identifier: MIT */
#include "slub/site.h"

/* Where objects without a known place are; no address of the kernel's. */
#define NO_PLACE 1u

static struct dill_error *find(struct site_table *table, const struct cache *cache,
			       const struct origin *origin, size_t *ret)
{
	uint64_t key = origin->kind == ORIGIN_NONE ? NO_PLACE : origin->address, at;
	struct site site = {.cache = cache, .kind = origin->kind, .address = origin->address};

	if (!number_map_get(&table->of_cache, key, &at)) {
		TRY(array_push(&table->items, site));
		at = table->items.count;
		TRY(number_map_put(&table->of_cache, key, at));
	}
	*ret = (size_t)at - 1;
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

struct dill_error *site_table_add(struct site_table *table, const struct cache *cache,
				  const struct origin *origin, const uint64_t *age, size_t *ret)
{
	struct site *site;

	TRY(find(table, cache, origin, ret));
	site = &table->items.items[*ret];
	site->objects++;
	site->memory += cache->size;
	if (age)
		add_age(site, *age);
	if (!origin->has_requested)
		return NULL;
	site->has_requested = true;
	site->requested += origin->requested;
	site->waste += cache->object_size - origin->requested;
	return NULL;
}

void site_table_end_cache(struct site_table *table)
{
	number_map_deinit(&table->of_cache);
	table->of_cache = (struct number_map){0};
}

static int by_memory(const void *a, const void *b)
{
	const struct site *one = a, *two = b;

	if (one->memory != two->memory)
		return one->memory < two->memory ? 1 : -1;
	if (one->cache != two->cache)
		return one->cache < two->cache ? -1 : 1;
	return (one->address > two->address) - (one->address < two->address);
}

void site_table_sort(struct site_table *table)
{
	if (table->items.count)
		qsort(table->items.items, table->items.count, sizeof(*table->items.items),
		      by_memory);
}

void site_table_deinit(struct site_table *table)
{
	array_free(&table->items);
	site_table_end_cache(table);
}
