/* SPDX-License-Identifier: MIT */
#ifndef STORE_ADDRESS_MAP_H
#define STORE_ADDRESS_MAP_H

#include "base/error.h"

/** What the pass over the events remembers of an address. */
struct address_slot {
	uint64_t address;	/**< 0 = an empty slot */
	uint64_t free_sequence; /**< of the last free; 0 = none yet */
	uint32_t free_process, free_caller;
	uint32_t object; /**< index of the last allocation plus 1; 0 = none yet */
	uint32_t slab;	 /**< index plus 1 of the slab that it was last seen in; 0 = none yet */
};

struct address_map {
	struct address_slot *slots;
	size_t capacity, count;
};

/** The slot of @p address, not 0; a new one when there is none. Valid until the next call. */
DILL_MUST_CHECK struct dill_error *address_map_get(struct address_map *map, uint64_t address,
						   struct address_slot **ret);
void address_map_deinit(struct address_map *map);

#endif
