/* SPDX-License-Identifier: MIT */
#ifndef HEAP_IMAGE_BUILD_H
#define HEAP_IMAGE_BUILD_H

#include "heap_image.h"

/* What the files that make an image share. */

/** First byte of every CPU's own page, as a __percpu pointer. */
#define IMAGE_PERCPU_BASE UINT64_C(0x1000)
/** Of a struct kmem_cache_cpu. */
#define IMAGE_CPU_BYTES 64u

/** A member of a layout. */
#define AT(at, bytes)                                                                              \
	{                                                                                          \
		.present = true, .offset = (at), .size = (bytes)                                   \
	}

/** As image_at(), NULL when the image has no such memory. */
void *image_find(struct image *image, dill_virt address, size_t length);

/** The member of a struct at @p address, also a bit-field. */
void image_set(struct image *image, dill_virt address, struct member member, uint64_t value);
uint64_t image_get(struct image *image, dill_virt address, struct member member);

/** An empty struct list_head, and a link at its end. */
void image_list_init(struct image *image, dill_virt head);
void image_list_append(struct image *image, dill_virt head, dill_virt link);

/** heap_kernel.c: the one kernel there is, with this image as its memory. */
struct kernel *image_kernel(struct image *image);

#endif
