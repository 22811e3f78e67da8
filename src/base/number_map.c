/* SPDX-License-Identifier: MIT */
#include "base/number_map.h"

#include <assert.h>
#include <stdlib.h>

#define SMALLEST 64u

/* Addresses differ in few bits, in the middle: a multiplication spreads them. */
static size_t slot_of(const struct number_map *map, uint64_t key)
{
	uint64_t mixed = key * UINT64_C(0x9e3779b97f4a7c15);

	return (size_t)(mixed ^ mixed >> 32) & (map->capacity - 1);
}

/* The pair of @p key, or the free one where it belongs. */
static struct number_pair *find(const struct number_map *map, uint64_t key)
{
	size_t slot = slot_of(map, key);

	while (map->pairs[slot].key && map->pairs[slot].key != key)
		slot = (slot + 1) & (map->capacity - 1);
	return &map->pairs[slot];
}

static struct dill_error *grow(struct number_map *map)
{
	struct number_map larger = {.capacity = map->capacity ? map->capacity * 2 : SMALLEST};

	larger.pairs = calloc(larger.capacity, sizeof(*larger.pairs));
	if (!larger.pairs)
		return error_no_memory();
	for (size_t i = 0; i < map->capacity; i++)
		if (map->pairs[i].key)
			*find(&larger, map->pairs[i].key) = map->pairs[i];
	larger.count = map->count;
	free(map->pairs);
	*map = larger;
	return NULL;
}

struct dill_error *number_map_put(struct number_map *map, uint64_t key, uint64_t value)
{
	struct number_pair *pair;

	assert(key);
	if (map->count >= map->capacity / 2)
		TRY(grow(map));
	pair = find(map, key);
	map->count += !pair->key;
	*pair = (struct number_pair){key, value};
	return NULL;
}

bool number_map_get(const struct number_map *map, uint64_t key, uint64_t *ret)
{
	const struct number_pair *pair = map->capacity && key ? find(map, key) : NULL;

	if (!pair || !pair->key)
		return false;
	if (ret)
		*ret = pair->value;
	return true;
}

bool number_map_remove(struct number_map *map, uint64_t key)
{
	struct number_pair *pair = map->capacity && key ? find(map, key) : NULL;
	size_t mask = map->capacity - 1, hole, slot;

	if (!pair || !pair->key)
		return false;
	/* Close the gap: a later pair that would have liked to lie here, or before, moves up. */
	hole = (size_t)(pair - map->pairs);
	for (slot = (hole + 1) & mask; map->pairs[slot].key; slot = (slot + 1) & mask) {
		size_t home = slot_of(map, map->pairs[slot].key);

		if (((slot - home) & mask) < ((slot - hole) & mask))
			continue;
		map->pairs[hole] = map->pairs[slot];
		hole = slot;
	}
	map->pairs[hole] = (struct number_pair){0};
	map->count--;
	return true;
}

void number_map_deinit(struct number_map *map)
{
	free(map->pairs);
	*map = (struct number_map){0};
}
