/* SPDX-License-Identifier: MIT */
#ifndef BASE_NUMBER_MAP_H
#define BASE_NUMBER_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/**
 * A hash table from numbers to numbers: addresses to places in an array, say. `struct number_map
 * map = {0};` is an empty one. The key 0 cannot be used.
 */
struct number_map {
	struct number_pair {
		uint64_t key, value; /**< key 0 = free */
	} * pairs;
	size_t count, capacity; /**< capacity is 0 or a power of two */
};

/** Set the value of @p key. NULL; NO_MEMORY, with the map unchanged. */
DILL_MUST_CHECK struct dill_error *number_map_put(struct number_map *map, uint64_t key,
						  uint64_t value);
/** False when @p key has no value; @p ret may be NULL. */
bool number_map_get(const struct number_map *map, uint64_t key, uint64_t *ret);
/** Remove @p key; false when it was not there. */
bool number_map_remove(struct number_map *map, uint64_t key);
void number_map_deinit(struct number_map *map);

#endif
