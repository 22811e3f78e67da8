/* SPDX-License-Identifier: MIT */
#ifndef SLUB_LAYOUT_CHECK_SLABS_H
#define SLUB_LAYOUT_CHECK_SLABS_H

#include "slub/cache.h"
#include "slub/layout_votes.h"

/** Vote on what leads to a cache's slabs and on what is in them, of some slabs. NULL; fatal errors
 */
DILL_MUST_CHECK struct dill_error *layout_check_slabs(struct heap *heap, const struct cache *cache,
						      struct layout_votes *votes);

#endif
