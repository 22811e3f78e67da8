/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_LOCATE_KERNEL_H
#define KERNEL_LOCATE_KERNEL_H

#include "base/error.h"

struct kernel;

/**
 * Whether no CPU uses the page tables of this kernel any more: memory of a kernel that is gone may
 * still look as it did, when another one was put elsewhere. The target is stopped.
 * @param ret  false also when that cannot be told
 * @return NULL; what reading registers fails with
 */
DILL_MUST_CHECK struct dill_error *kernel_has_left(struct kernel *kernel, bool *ret);

/* --- for the rest of this room --- */

/** Find the image: sets kernel->vm, kernel->image and the facts that follow from these.
 * @param choice  as kernel_options.choice */
DILL_MUST_CHECK struct dill_error *kernel_locate(struct kernel *kernel, const char *choice);

/**
 * Go over from a process's page tables, which die with it, to the kernel's own; keeps the former
 * when these do not show the same image. Needs the symbols.
 */
DILL_MUST_CHECK struct dill_error *kernel_use_own_tables(struct kernel *kernel);

#endif
