/* SPDX-License-Identifier: MIT */
#ifndef SLUB_CENSUS_H
#define SLUB_CENSUS_H

#include "slub/survey.h"

/**
 * Who counts: gets every slab of the chosen caches, one cache after the other. Errors of its
 * functions end the walk.
 */
struct census_visitor {
	/**
	 * One slab with the state of each object; in order of address, dying ones among them. May
	 * be NULL.
	 * @param bytes  the slab's memory, `objects` times the cache's `size`; empty when it was
	 *               not asked for, or could not be read
	 */
	struct dill_error *(*slab)(void *context, const struct cache_map *map,
				   const struct mapped_slab *slab, struct span bytes);
	/** Behind the slabs of a cache. May be NULL. */
	struct dill_error *(*cache)(void *context, const struct contents *contents,
				    const struct cache_map *map);
	void *context;
	/** Whether a cache's memory is wanted; NULL = never. */
	bool (*wants_bytes)(void *context, const struct cache *cache);
};

/**
 * Walk over every slab of @p chosen, full ones included. Memory stays bounded by the largest cache.
 * @param chosen  as for survey_scan(), which is called
 * @return NULL; UNSUPPORTED when struct page is not known; fatal errors
 */
DILL_MUST_CHECK struct dill_error *census_walk(struct survey *survey,
					       const struct cache_list *chosen,
					       const struct census_visitor *visitor);

/**
 * Sums over slabs. Dying ones are left out but for `dying`: the kernel does not count them either.
 * An object is in use when it is live, or unknown. Bytes add up:
 * memory = used_bytes + free_bytes + around_bytes + tail_bytes.
 */
struct census_sums {
	uint64_t slabs, empty, partly, full, dying;
	uint64_t objects, counts[OBJECT_STATES];
	uint64_t memory;       /**< bytes of the slabs' pages */
	uint64_t used_bytes;   /**< of objects in use, what callers may use */
	uint64_t free_bytes;   /**< of the others */
	uint64_t hole_bytes;   /**< of free_bytes, those in slabs with objects in use: they keep the
				    memory from going back */
	uint64_t around_bytes; /**< between objects: padding, red zones, metadata */
	uint64_t tail_bytes;   /**< behind the last object of slabs */
};

/** Whether an object in this state is in use. */
static inline bool state_in_use(enum object_state state)
{
	return state == OBJECT_LIVE || state == OBJECT_UNKNOWN;
}

void census_add_slab(struct census_sums *sums, const struct cache_map *map,
		     const struct mapped_slab *slab);
/** Add up two sums. */
void census_add(struct census_sums *sums, const struct census_sums *more);

#endif
