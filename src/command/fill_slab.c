/* SPDX-License-Identifier: MIT */
#include "command/fill_slab.h"

#include "render/map_symbols.h"

void place_counts_add(const struct cache_map *map, const struct mapped_slab *slab,
		      struct place_counts *counts)
{
	for (uint32_t i = 0; i < slab->slab.objects; i++) {
		if (cache_map_state(map, slab, i) == OBJECT_UNKNOWN)
			counts->unknown++;
		else
			counts->known[slab->kinds[i]]++;
	}
}

static struct dill_error *add_count(const struct map_symbol *symbol, enum object_state state,
				    enum place_kind place, uint64_t objects, struct arena *arena,
				    struct record_list *list)
{
	struct dill_record *record;

	if (!objects)
		return NULL;
	record = record_new(arena, &place_count_kind);
	if (!record)
		return error_no_memory();
	record_set_text(record, PLACE_COUNT_SYMBOL, arena_format(arena, "%c", symbol->symbol));
	record_set_enum(record, PLACE_COUNT_STATE, state);
	if (place != PLACE_NONE)
		record_set_enum(record, PLACE_COUNT_PLACE, place);
	record_set_number(record, PLACE_COUNT_OBJECTS, objects);
	record_list_append(list, record);
	return NULL;
}

struct dill_error *place_counts_record(const struct place_counts *counts, struct arena *arena,
				       struct record_list *ret)
{
	*ret = (struct record_list){0};
	for (int kind = 0; kind < PLACE_KINDS; kind++)
		TRY(add_count(&map_symbols[kind], place_state(kind), kind, counts->known[kind],
			      arena, ret));
	return add_count(&map_symbol_unknown, OBJECT_UNKNOWN, PLACE_NONE, counts->unknown, arena,
			 ret);
}

static char *map_text(const struct cache_map *map, const struct mapped_slab *slab,
		      struct arena *arena)
{
	char *text = arena_alloc(arena, slab->slab.objects + 1);

	for (uint32_t i = 0; text && i < slab->slab.objects; i++) {
		const struct map_symbol *symbol = cache_map_state(map, slab, i) == OBJECT_UNKNOWN
							  ? &map_symbol_unknown
							  : &map_symbols[slab->kinds[i]];

		text[i] = symbol->symbol;
	}
	return text;
}

/* What a slab says of itself. */
static void fill_slab(const struct cache *cache, const struct slab *slab,
		      struct dill_record *record)
{
	record_set_text(record, SLAB_MAP_CACHE, cache->name);
	record_set_number(record, SLAB_MAP_SLAB, slab->address);
	record_set_number(record, SLAB_MAP_BASE, slab->base);
	record_set_number(record, SLAB_MAP_FIRST, cache_object(cache, slab->base, 0));
	record_set_number(record, SLAB_MAP_SIZE, cache->size);
	record_set_number(record, SLAB_MAP_ORDER, slab_page_order(cache, slab));
	if (slab->has_node)
		record_set_number(record, SLAB_MAP_NODE, slab->node);
	record_set_bool(record, SLAB_MAP_FROZEN, slab->frozen);
	record_set_number(record, SLAB_MAP_OBJECTS, slab->objects);
	record_set_number(record, SLAB_MAP_INUSE, slab->inuse);
}

static struct dill_error *fill_map(const struct cache_map *map, const struct mapped_slab *slab,
				   struct arena *arena, struct dill_record *record)
{
	const char *text = map_text(map, slab, arena);

	if (!text)
		return error_no_memory();
	record_set_enum(record, SLAB_MAP_WHERE, slab->where);
	if (slab->cpu >= 0)
		record_set_number(record, SLAB_MAP_CPU, (uint64_t)slab->cpu);
	for (size_t state = 0; state < OBJECT_STATES; state++)
		record_set_number(record, SLAB_MAP_LIVE + state, slab->counts[state]);
	record_set_bool(record, SLAB_MAP_BROKEN, slab->broken);
	record_set_text(record, SLAB_MAP_MAP, text);
	return NULL;
}

struct dill_error *slab_map_record(const struct cache_map *map, const struct mapped_slab *slab,
				   const struct dill_record_kind *kind, struct arena *arena,
				   struct dill_record **ret)
{
	struct dill_record *record = record_new(arena, kind);

	if (!record)
		return error_no_memory();
	fill_slab(map->cache, &slab->slab, record);
	*ret = record;
	return fill_map(map, slab, arena, record);
}

static struct dill_record *object_record(const struct slab_map *map, uint32_t index,
					 struct arena *arena)
{
	struct dill_record *record = record_new(arena, &object_state_kind);
	const struct place *place = &map->places[index];
	enum object_state state = cache_map_state(&map->map, map->slab, index);

	if (!record)
		return NULL;
	record_set_number(record, STATE_COLUMN_INDEX, index);
	record_set_number(record, STATE_COLUMN_ADDRESS,
			  cache_object(map->map.cache, map->slab->slab.base, index));
	record_set_enum(record, STATE_COLUMN_STATE, state);
	if (place->kind == PLACE_NONE)
		return record;
	record_set_enum(record, STATE_COLUMN_PLACE, place->kind);
	if (place->cpu >= 0)
		record_set_number(record, STATE_COLUMN_CPU, (uint64_t)place->cpu);
	if (place->node >= 0)
		record_set_number(record, STATE_COLUMN_NODE, (uint64_t)place->node);
	if (place->kind == PLACE_DYING_SLAB)
		return record;
	if (place->kind == PLACE_BARN || place->kind == PLACE_CPU_PARTIAL ||
	    place->kind == PLACE_NODE_PARTIAL || place->kind == PLACE_NODE_FULL)
		record_set_number(record, STATE_COLUMN_LIST, place->list);
	record_set_number(record, STATE_COLUMN_POSITION, place->position);
	if (place->container)
		record_set_number(record, STATE_COLUMN_CONTAINER, place->container);
	return record;
}

static struct dill_error *fill_objects(const struct slab_map *map, struct arena *arena,
				       struct dill_record *record)
{
	struct place_counts counts = {0};
	struct record_list places, objects = {0};

	place_counts_add(&map->map, map->slab, &counts);
	TRY(place_counts_record(&counts, arena, &places));
	for (uint32_t i = 0; i < map->slab->slab.objects; i++) {
		struct dill_record *object = object_record(map, i, arena);

		if (!object)
			return error_no_memory();
		record_list_append(&objects, object);
	}
	record_set_records(record, SLAB_MAP_PLACES, places);
	record_set_records(record, SLAB_MAP_STATES, objects);
	return NULL;
}

struct dill_error *slab_detail_record(const struct slab_map *map, const struct located *located,
				      dill_virt address, struct arena *arena,
				      struct dill_record **ret)
{
	struct dill_record *record = record_new(arena, &slab_detail_kind);

	if (!record)
		return error_no_memory();
	fill_slab(located->cache, &located->slab, record);
	record_set_number(record, SLAB_MAP_CACHE_ADDRESS, located->cache->address);
	record_set_number(record, SLAB_MAP_OBJECT_SIZE, located->cache->object_size);
	record_set_number(record, SLAB_MAP_MEMORY, slab_bytes(located->cache, &located->slab));
	record_set_number(record, SLAB_MAP_ADDRESS, address);
	if (located->in_slot) {
		record_set_number(record, SLAB_MAP_INDEX, located->index);
		record_set_number(record, SLAB_MAP_OBJECT, located->object);
		record_set_signed(record, SLAB_MAP_OFFSET, located->offset);
	}
	*ret = record;
	if (!map->slab)
		return NULL;
	record_set_bool(record, SLAB_MAP_IN_MOTION, map->map.in_motion);
	TRY(fill_map(&map->map, map->slab, arena, record));
	return fill_objects(map, arena, record);
}
