/* SPDX-License-Identifier: MIT */
#ifndef SLUB_HEAP_OPEN_H
#define SLUB_HEAP_OPEN_H

#include "slub/heap.h"

/**
 * Resolve the layout of @p kernel's slab structures and find its list of caches.
 * @return NULL; UNSUPPORTED when this kernel has no SLUB that dill understands; NOT_FOUND without
 * its symbols
 */
DILL_MUST_CHECK struct dill_error *heap_open(struct kernel *kernel, struct heap **ret);

#endif
