/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_XARRAY_H
#define KERNEL_XARRAY_H

#include <dill/target.h>

#include "base/array.h"
#include "base/error.h"

struct kernel;

/**
 * Readers for the kernel's XArray, the radix tree behind IDRs.
 *
 * Source: include/linux/xarray.h, lib/xarray.c (4.20; as IDR's storage since then).
 */
struct xarray_layout {
	uint64_t shift;	     /**< offset of xa_node.shift, a byte */
	uint64_t slots;	     /**< offset of xa_node.slots */
	uint32_t slot_count; /**< a power of two */
};

/** Entries found in a tree. */
struct xarray_entries {
	ARRAY(uint64_t) found;
};

/** UNSUPPORTED when the kernel has no XArray; BAD_DATA when its types make no sense. */
DILL_MUST_CHECK struct dill_error *xarray_layout_find(struct kernel *kernel,
						      struct xarray_layout *ret);

/**
 * The entry stored at @p index.
 *
 * @param head  value of xarray.xa_head
 * @param ret   pointer or value entry as stored; 0 when there is none
 * @return NULL; FAULT; BAD_DATA when the tree is broken on the way
 */
DILL_MUST_CHECK struct dill_error *xarray_load(struct kernel *kernel,
					       const struct xarray_layout *layout, uint64_t head,
					       uint64_t index, uint64_t *ret);

/**
 * Collect the pointers of a whole tree, level by level so that reads can be pipelined. Broken parts
 * are left out silently: for hints, not for truth.
 *
 * @param limit  stop after so many pointers
 * @param ret    appended to; the caller's to free
 */
DILL_MUST_CHECK struct dill_error *xarray_collect(struct kernel *kernel,
						  const struct xarray_layout *layout, uint64_t head,
						  size_t limit, struct xarray_entries *ret);

#endif
