/* SPDX-License-Identifier: MIT */
#ifndef TRACE_FREE_STATE_H
#define TRACE_FREE_STATE_H

#include "slub/heap.h"

/**
 * Whether an object is free already, by the allocator's own lists, as the target stands now. Takes
 * a walk over them: for the rare case that it matters.
 * @param except  address of a sheaf that does not count: one whose objects are being freed; 0 =
 * none
 * @param ret  false also when that cannot be told
 * @return NULL; fatal errors
 */
DILL_MUST_CHECK struct dill_error *free_state_read(struct heap *heap, dill_virt object,
						   dill_virt except, bool *ret);

#endif
