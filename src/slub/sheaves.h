/* SPDX-License-Identifier: MIT */
#ifndef SLUB_SHEAVES_H
#define SLUB_SHEAVES_H

#include "slub/cache_contents.h"

/** Every CPU's sheaves and every node's barn; does nothing for caches without sheaves. */
DILL_MUST_CHECK struct dill_error *sheaves_read(const struct reading *reading,
						struct contents *contents, size_t count);

#endif
