/* SPDX-License-Identifier: MIT */
#ifndef SLUB_DEPOT_H
#define SLUB_DEPOT_H

#include "slub/heap.h"

/**
 * Fetch a stack from the kernel's stack depot.
 *
 * A record is believed only when it names its own handle, which also decides whether the depot's
 * pools are an array or behind a pointer to one.
 *
 * @param handle  what stack_depot_save() returned; 0 = no stack
 * @param arena   holds the result
 * @param ret     return addresses, innermost first
 * @return NULL; UNSUPPORTED without the depot's types or symbols; BAD_DATA when @p handle names no
 * record; FAULT; fatal errors
 *
 * Source: lib/stackdepot.c union handle_parts, struct stack_record; stack_slabs to 6.2, then
 * stack_pools, a pointer since 6.17
 */
DILL_MUST_CHECK struct dill_error *depot_fetch(struct heap *heap, uint32_t handle,
					       struct arena *arena, const dill_virt **ret,
					       size_t *ret_count);

#endif
