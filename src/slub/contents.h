/* SPDX-License-Identifier: MIT */
#ifndef SLUB_CONTENTS_H
#define SLUB_CONTENTS_H

#include "slub/cache_contents.h"

/**
 * Read what @p count caches hold, side by side.
 *
 * @param reading  its cache and place are not looked at
 * @param ret     array of @p count
 * @return NULL; fatal errors. Everything broken becomes a finding.
 */
DILL_MUST_CHECK struct dill_error *contents_read(const struct reading *reading,
						 const struct cache *caches, size_t count,
						 struct contents *ret);

#endif
