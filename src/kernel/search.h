/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_SEARCH_H
#define KERNEL_SEARCH_H

#include <dill/target.h>

#include "arch/paging.h"
#include "base/array.h"
#include "base/error.h"

struct kernel;
struct target;

/* Several kernels in one memory. */

/** A kernel whose page tables and image lie in memory. */
struct kernel_found {
	dill_virt base; /**< of its image */
	dill_phys phys; /**< physical address of base */
	dill_phys root; /**< its top table, or that of a process of its */
	struct paging paging;
	bool by_info;	  /**< found by its VMCOREINFO */
	char release[65]; /**< such as "6.12.9-amd64", printable; empty when it is not known */
};

struct kernel_list {
	ARRAY(struct kernel_found) found; /**< by physical address */
	bool is_cut;			  /**< not all of memory was searched */
};

/**
 * Search memory for kernels: a dump may hold the one that has crashed and the one that has taken
 * its place to write the dump.
 * @param limit  bytes that are searched; 0 = all
 * @param ret    empty; to be given to kernel_list_deinit(), also after an error
 * @return NULL, also for a target that does not tell where its memory is: that has none; fatal
 * errors
 */
DILL_MUST_CHECK struct dill_error *kernels_find(struct target *target, uint64_t limit,
						struct kernel_list *ret);
void kernel_list_deinit(struct kernel_list *list);

/* --- for the rest of this room --- */

/**
 * Look for the image below one top table.
 * @return NULL: kernel->vm, kernel->image and the number of levels are set; as image_find()
 */
DILL_MUST_CHECK struct dill_error *kernel_try_root(struct kernel *kernel, dill_phys root,
						   struct paging paging);

/** Find the image without registers: by the VMCOREINFO of a dump, else by page tables that lie
 * anywhere in physical memory. NULL; UNSUPPORTED where the target does not tell where memory is;
 * NOT_FOUND; LIMIT; fatal errors */
DILL_MUST_CHECK struct dill_error *kernel_search(struct kernel *kernel);

/** Go to a kernel that was found. As kernel_try_root() */
DILL_MUST_CHECK struct dill_error *kernel_use_found(struct kernel *kernel,
						    const struct kernel_found *found);

#endif
