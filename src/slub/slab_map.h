/* SPDX-License-Identifier: MIT */
#ifndef SLUB_SLAB_MAP_H
#define SLUB_SLAB_MAP_H

#include "slub/survey.h"

/** One slab with the exact place of each of its free objects. */
struct slab_map {
	struct contents contents;
	struct cache_map map;	  /**< of this slab alone */
	struct mapped_slab *slab; /**< in @p map; NULL when the slab is not usable */
	struct place *places;	  /**< by object; kind PLACE_NONE for those on no list */
};

/**
 * Map a single slab without looking at every struct page: the lists of its cache are read whole,
 * because a free object may be in anyone's sheaf.
 *
 * @param survey  read, not scanned
 * @param cache   the slab's
 * @param slab    usable, as slab_read() filled it
 * @param ret     lives in @p arena
 * @return NULL; fatal errors
 */
DILL_MUST_CHECK struct dill_error *slab_map_make(struct survey *survey, const struct cache *cache,
						 const struct slab *slab, struct arena *arena,
						 struct slab_map *ret);

#endif
