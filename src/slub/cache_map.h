/* SPDX-License-Identifier: MIT */
#ifndef SLUB_CACHE_MAP_H
#define SLUB_CACHE_MAP_H

#include "slub/places.h"
#include "slub/slab_scan.h"

/** Whose slab it is. */
enum slab_where {
	SLAB_UNLISTED, /**< on no list: full, or in motion */
	SLAB_OF_CPU,
	SLAB_CPU_PARTIAL,
	SLAB_NODE_PARTIAL,
	SLAB_NODE_FULL,
	SLAB_DYING, /**< empty and on no list: given back after a grace period (TYPESAFE_BY_RCU) */
};

/** "unlisted", "cpu", ...: stable, as in JSON. */
const char *slab_where_name(enum slab_where where);

/** One slab with the state of each of its objects. */
struct mapped_slab {
	struct slab slab;
	enum slab_where where;
	int cpu;	/**< for SLAB_OF_CPU and SLAB_CPU_PARTIAL; else -1 */
	dill_virt slot; /**< for these the address of the pointer that leads to it; else 0 */
	bool broken;	/**< a freelist of it is broken: objects found nowhere are unknown */
	bool twice;	/**< on two lists, which is a finding: its freelist is met twice then */
	uint8_t *kinds; /**< enum place_kind by object; PLACE_NONE = on no list */
	uint32_t counts[OBJECT_STATES];
};

/** All slabs of one cache, full ones included, and the state of every object. */
struct cache_map {
	const struct cache *cache;
	struct mapped_slab *slabs; /**< by address */
	size_t count;
	uint64_t counts[OBJECT_STATES]; /**< without dying slabs, which the kernel does not count
					   any more either */
	uint64_t kind_counts[PLACE_KINDS];
	size_t dying_slabs;
	size_t broken_slabs; /**< with impossible counters: in none of the above */
	bool incomplete; /**< a list that can hold any object of the cache is broken: what was found
			    nowhere is unknown */
	const char *why; /**< which one, for people; NULL when complete */
	bool in_motion;	 /**< a CPU was stopped inside the allocator: objects that are between two
			    lists count as live */
	size_t moving_slabs; /**< on no list though they have free objects: new, on their way from
				one list to another or back to the page allocator */
};

/** State of object number @p index of a slab. */
enum object_state cache_map_state(const struct cache_map *map, const struct mapped_slab *slab,
				  uint32_t index);

/**
 * Put the lists of a cache and the slabs that were found by their struct pages together.
 *
 * @param reading   its findings get objects that are in two places, lists that name slabs that are
 *                  none, and counters that disagree
 * @param contents  read with CONTENTS_FREELISTS
 * @param waiting   of all caches
 * @param scan      with the slabs of this cache at least
 * @param ret       lives in the reading's arena
 * @return NULL; fatal errors
 */
DILL_MUST_CHECK struct dill_error *cache_map_make(const struct reading *reading,
						  const struct contents *contents,
						  const struct waiting *waiting,
						  const struct slab_scan *scan,
						  struct cache_map *ret);

/** totals.c: slabs and objects that were found against the kernel's counters. */
void totals_check(const struct heap *heap, const struct contents *contents,
		  const struct cache_map *map, const struct slab_scan *scan,
		  struct findings *findings);

/** The slab whose memory holds @p address; NULL when it is in none. */
struct mapped_slab *cache_map_slab(const struct cache_map *map, dill_virt address);

#endif
