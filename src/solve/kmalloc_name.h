/* SPDX-License-Identifier: MIT */
#ifndef SOLVE_KMALLOC_NAME_H
#define SOLVE_KMALLOC_NAME_H

#include <stdint.h>

/**
 * Bytes that the name of one of kmalloc's caches promises: 64 of "kmalloc-64", 2048 of
 * "kmalloc-cg-2k"; 0 for other names. Source: mm/slab_common.c kmalloc_info
 */
uint64_t kmalloc_name_bytes(const char *name);

#endif
