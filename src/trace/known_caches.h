/* SPDX-License-Identifier: MIT */
#ifndef TRACE_KNOWN_CACHES_H
#define TRACE_KNOWN_CACHES_H

#include "base/array.h"
#include "base/number_map.h"
#include "slub/cache.h"
#include "trace/peek.h"

/** What a trace needs of a cache. */
struct known_cache {
	const char *name; /**< escaped for display */
	uint32_t size, object_size;
	uint32_t red_left_pad; /**< in front of each object */
};

/** The caches that a trace has met; those that exist when it begins, and new ones as they come. */
struct known_caches {
	struct heap *heap;   /**< borrowed */
	struct arena *arena; /**< borrowed; of the names */
	ARRAY(struct known_cache) list;
	struct number_map places; /**< index into the list, by address */
};

/** Add all caches of a list. */
DILL_MUST_CHECK struct dill_error *known_caches_add(struct known_caches *known,
						    const struct cache_list *caches);
/**
 * The cache at @p address, read by @p peek when it is new; NULL when there can be none. Borrowed
 * until the next call.
 */
DILL_MUST_CHECK struct dill_error *known_caches_find(struct known_caches *known, struct peek *peek,
						     dill_virt address,
						     const struct known_cache **ret);
/** Memory was given back: if it was a cache, another may come to lie there. */
void known_caches_forget(struct known_caches *known, dill_virt address);
void known_caches_deinit(struct known_caches *known);

#endif
