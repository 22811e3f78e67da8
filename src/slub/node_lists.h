/* SPDX-License-Identifier: MIT */
#ifndef SLUB_NODE_LISTS_H
#define SLUB_NODE_LISTS_H

#include "slub/cache_contents.h"

/** Counters, partial and full lists of all nodes. */
DILL_MUST_CHECK struct dill_error *node_lists_read(const struct reading *reading,
						   struct contents *contents, size_t count);

#endif
