/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_IMAGE_H
#define KERNEL_IMAGE_H

#include "arch/x86_64.h"
#include "base/array.h"
#include "kernel/pagetable.h"

struct target;

/** A part of the image with one permission. */
struct image_region {
	dill_virt first;
	uint64_t size;
	dill_phys phys;
	bool writable, executable;
	bool known; /**< false: found by probing, permissions and phys are not known */
};

/** The kernel image as the page tables show it. */
struct image {
	dill_virt base;			    /**< first mapped byte: _text */
	uint64_t size;			    /**< to the end of the last region, holes included */
	ARRAY(struct image_region) regions; /**< in order of address */
};

/**
 * Find the image: the first run of mappings in the window, and all runs behind it with the same
 * distance between virtual and physical addresses (modules have another one).
 *
 * @param ret  to be freed with image_deinit()
 * @return NULL; NOT_FOUND when nothing as large as a kernel is mapped there, such as in the user
 * half of page-table isolation (entry text only); what reading failed with
 */
DILL_MUST_CHECK struct dill_error *image_find(const struct pagetable *tables, struct image *ret);

/**
 * Find the image on a target that serves virtual addresses only, by trying to read every 2 MiB of
 * the window.
 */
DILL_MUST_CHECK struct dill_error *image_probe(struct target *target, struct image *ret);

/** The first half of image_probe(), for targets where each probe costs: where the image begins.
 * Its size is 2 MiB then. */
DILL_MUST_CHECK struct dill_error *image_probe_base(struct target *target, struct image *ret);
/** The other half: how far it reaches. */
DILL_MUST_CHECK struct dill_error *image_probe_size(struct target *target, struct image *image);
/** What image_probe_size() finds, where it is known already. */
void image_set_size(struct image *image, uint64_t size);

/** Physical address of an image address; @p image must come from image_find(). */
dill_phys image_phys(const struct image *image, dill_virt address);

void image_deinit(struct image *image);

static inline void image_deinitp(struct image *image)
{
	image_deinit(image);
}

#endif
