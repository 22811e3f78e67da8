/* SPDX-License-Identifier: MIT */
#ifndef SOLVE_IMAGE_H
#define SOLVE_IMAGE_H

#include "heap_image.h"

/**
 * An image (heap_image.h) that has enough of everything for its layout to be solved from memory:
 * the caches that a kernel has, slabs of CPUs or sheaves, slabs in lists of nodes.
 */

#define SOLVE_IMAGE_PAGES  256u
#define SOLVE_IMAGE_CACHES 16u

enum solve_image_engine { SOLVE_IMAGE_CPU_SLABS, SOLVE_IMAGE_SHEAVES };

/** To be freed with image_deinit(). */
void solve_image_init(struct image *image, enum solve_image_engine engine);

struct solution;
/** How many members were found that the image has somewhere else. @param ret_wrong  one of them */
unsigned solve_image_count_wrong(const struct image *image, struct solution *solution,
				 const char **ret_wrong);

#endif
