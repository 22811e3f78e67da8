/* SPDX-License-Identifier: MIT */
#ifndef SHEAF_IMAGE_H
#define SHEAF_IMAGE_H

#include "heap_image.h"

/* Sheaves and barns in a heap_image: as in 6.18, where the barn hangs off the node's struct. */

/** Which of a CPU's sheaves. */
enum image_sheaf_kind { IMAGE_MAIN, IMAGE_SPARE, IMAGE_RCU };

/** Tell the image's layout of sheaves; to be called once, before the first cache is read. */
void image_use_sheaves(struct image *image);
/** Give @p cache sheaves of @p capacity objects: an empty main one for each CPU, an empty barn for
 * each node. */
void image_give_sheaves(struct image *image, dill_virt cache, uint32_t capacity);
/** A new sheaf that holds @p objects, in array order. */
dill_virt image_sheaf(struct image *image, dill_virt cache, const dill_virt *objects, size_t count);
void image_set_sheaf(struct image *image, dill_virt cache, unsigned cpu, enum image_sheaf_kind kind,
		     dill_virt sheaf);
/** Append a sheaf to the full ones of a node's barn. */
void image_add_to_barn(struct image *image, dill_virt cache, unsigned node, dill_virt sheaf);

#endif
