/* SPDX-License-Identifier: MIT */
#ifndef SLUB_CONTENTS_H
#define SLUB_CONTENTS_H

#include "slub/cache_contents.h"

/**
 * Read what @p count caches hold, side by side.
 *
 * @param arena   holds the results
 * @param ret     array of @p count
 * @return NULL; fatal errors. Everything broken becomes a finding.
 */
DILL_MUST_CHECK struct dill_error *contents_read(struct heap *heap, const struct cache *caches,
						 size_t count, enum contents_detail detail,
						 struct arena *arena, struct findings *findings,
						 struct contents *ret);

#endif
