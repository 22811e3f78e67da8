/* SPDX-License-Identifier: MIT */
#ifndef SLUB_SITE_H
#define SLUB_SITE_H

#include "base/array.h"
#include "base/number_map.h"
#include "slub/origin.h"

/** Objects in use of one cache that were allocated at one place. */
struct site {
	const struct cache *cache;
	enum origin_kind kind; /**< ORIGIN_NONE: those whose place is not recorded */
	dill_virt address;     /**< as in struct origin */
	uint64_t objects;
	uint64_t memory; /**< bytes that they take up, metadata included */
	bool has_requested;
	uint64_t requested, waste; /**< bytes asked for, and given beyond that, where known */
	bool has_age;
	uint64_t youngest, oldest; /**< in nanoseconds */
};

/** All sites of a walk over caches, in the order in which they were met. {0} is an empty table. */
struct site_table {
	ARRAY(struct site) items;
	struct number_map of_cache; /* of the current cache: address -> place in `items`, plus 1 */
};

/**
 * Add one object to the site where it was allocated.
 * @param age  NULL = not known
 * @param ret  index of the site
 * @return NULL; NO_MEMORY
 */
DILL_MUST_CHECK struct dill_error *site_table_add(struct site_table *table,
						  const struct cache *cache,
						  const struct origin *origin, const uint64_t *age,
						  size_t *ret);
/** Sites of other caches follow. */
void site_table_end_cache(struct site_table *table);
/** Largest first; indices are no longer valid. */
void site_table_sort(struct site_table *table);
void site_table_deinit(struct site_table *table);

#endif
