/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_FILL_SLAB_H
#define COMMAND_FILL_SLAB_H

#include "answer/slab_map_record.h"
#include "slub/locate.h"
#include "slub/slab_map.h"

/** How many objects stand for which character; see render/map_symbols.h. */
struct place_counts {
	uint64_t known[PLACE_KINDS];
	uint64_t unknown;
};

/** Add the objects of one slab. */
void place_counts_add(const struct cache_map *map, const struct mapped_slab *slab,
		      struct place_counts *counts);
/** As a list of place_count_kind, without what does not occur. */
DILL_MUST_CHECK struct dill_error *place_counts_record(const struct place_counts *counts,
						       struct arena *arena,
						       struct record_list *ret);

/**
 * A slab with its map.
 * @param kind  slab_map_kind, slab_line_kind or slab_detail_kind; of the last only what the others
 *              have is filled
 */
DILL_MUST_CHECK struct dill_error *slab_map_record(const struct cache_map *map,
						   const struct mapped_slab *slab,
						   const struct dill_record_kind *kind,
						   struct arena *arena, struct dill_record **ret);

/** One slab in full. @p map may have no usable slab; @p located says which one it is and where the
 * address @p address is in it. */
DILL_MUST_CHECK struct dill_error *slab_detail_record(const struct slab_map *map,
						      const struct located *located,
						      dill_virt address, struct arena *arena,
						      struct dill_record **ret);

#endif
