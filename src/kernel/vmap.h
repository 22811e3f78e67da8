/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_VMAP_H
#define KERNEL_VMAP_H

#include <dill/target.h>

#include "base/error.h"

struct kernel;

/** An area of the vmalloc range (mm/vmalloc.c struct vmap_area, struct vm_struct). */
struct vmap {
	bool found;
	dill_virt start;
	uint64_t size;	  /**< bytes, the guard page at its end included */
	bool has_vm;	  /**< false: an area without an owner, such as of vm_map_ram() */
	uint64_t pages;	  /**< allocated for it; 0 for mappings of something else (ioremap) */
	dill_virt caller; /**< return address of who asked for it; 0 when unknown */
};

/**
 * Find the area that @p address lies in.
 * @return NULL; UNSUPPORTED when this kernel's areas are not understood; FAULT or BAD_DATA when its
 * tree is broken; fatal errors
 */
DILL_MUST_CHECK struct dill_error *vmap_find(struct kernel *kernel, dill_virt address,
					     struct vmap *ret);

#endif
