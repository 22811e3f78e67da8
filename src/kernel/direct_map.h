/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_DIRECT_MAP_H
#define KERNEL_DIRECT_MAP_H

#include "base/error.h"

struct kernel;
struct memory_map;

/**
 * Find the direct map of memory in the page tables: of all that is mapped outside of the image the
 * distance between virtual and physical addresses that most bytes have, of those that are multiples
 * of 1 GiB, as the direct map begins at such an address, randomized or not.
 * @param ret  page_offset and direct_size are set; untouched when nothing is mapped so
 * @return NULL; fatal errors
 * Source: arch/x86/mm/kaslr.c kernel_randomize_memory(); __PAGE_OFFSET_BASE_L4/L5
 */
DILL_MUST_CHECK struct dill_error *direct_map_find(struct kernel *kernel, struct memory_map *ret);

#endif
