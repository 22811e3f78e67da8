/* SPDX-License-Identifier: MIT */
#ifndef SLUB_LAYOUT_CHECK_H
#define SLUB_LAYOUT_CHECK_H

#include "slub/heap.h"

/**
 * Check types that a file describes on the heap itself: caches are on the list of caches and have
 * names, sizes and orders that fit, nodes' lists close and are as long as their counters say, slabs
 * point back to their cache, and in each as many objects are in use as its freelist leaves.
 *
 * @param ret_members  how many members of layout.def were tried; the others there was nothing to
 * try on
 * @return NULL; INVALID_ARGUMENT that names the members that do not fit, and what was read there;
 * fatal errors
 */
DILL_MUST_CHECK struct dill_error *layout_check(struct heap *heap, unsigned *ret_members);

#endif
