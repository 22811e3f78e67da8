/* SPDX-License-Identifier: MIT */
#include "store/address_map.h"

#include <stdint.h>
#include <stdlib.h>

#define CAPACITY_MIN 1024u

/* Multiplied by a number that nobody who forges a file knows, lest all addresses collide. */
static size_t place(const struct address_map *map, uint64_t address)
{
	uint64_t key = (uint64_t)(uintptr_t)map->slots >> 4 | 1;
	uint64_t hash = address * 0x9e3779b97f4a7c15u;

	hash = (hash ^ hash >> 29) * (key | 0xff51afd700000000u);
	return (size_t)(hash >> 20) & (map->capacity - 1);
}

static struct address_slot *find(const struct address_map *map, uint64_t address)
{
	size_t at = place(map, address);

	while (map->slots[at].address && map->slots[at].address != address)
		at = (at + 1) & (map->capacity - 1);
	return &map->slots[at];
}

static struct dill_error *grow(struct address_map *map)
{
	struct address_map bigger = {.count = map->count};

	bigger.capacity = map->capacity ? map->capacity * 2 : CAPACITY_MIN;
	bigger.slots = calloc(bigger.capacity, sizeof(*bigger.slots));
	if (!bigger.slots)
		return error_no_memory();
	for (size_t i = 0; i < map->capacity; i++)
		if (map->slots[i].address)
			*find(&bigger, map->slots[i].address) = map->slots[i];
	free(map->slots);
	*map = bigger;
	return NULL;
}

struct dill_error *address_map_get(struct address_map *map, uint64_t address,
				   struct address_slot **ret)
{
	if (map->count + 1 > map->capacity / 2)
		TRY(grow(map));
	*ret = find(map, address);
	if (!(*ret)->address) {
		(*ret)->address = address;
		map->count++;
	}
	return NULL;
}

void address_map_deinit(struct address_map *map)
{
	free(map->slots);
	*map = (struct address_map){0};
}
