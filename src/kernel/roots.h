/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_ROOTS_H
#define KERNEL_ROOTS_H

#include <stdbool.h>
#include <stddef.h>

#include <dill/target.h>

#include "base/error.h"

struct kernel;

/*
 * What a kernel's symbols would tell, found in its image instead: for kernels whose symbol table
 * holds functions only (no CONFIG_KALLSYMS_ALL), or that have none.
 */

/** Whether the symbols of variables are known: only then the absence of one means anything. */
bool kernel_symbols_are_complete(const struct kernel *kernel);
/** Whether at least those of functions are known. */
bool kernel_has_symbols(const struct kernel *kernel);

/**
 * Heads of lists in the image whose entries lie in the direct map: each leads out of the image and
 * back. Empty where the symbols are known.
 * @param ret  borrowed, lives as long as the kernel
 */
void kernel_list_heads(const struct kernel *kernel, const dill_virt **ret, size_t *ret_count);

/** Whether the image, as it is in memory, has a text in it. @return NULL; NO_MEMORY; fatal errors
 */
DILL_MUST_CHECK struct dill_error *kernel_image_has_text(struct kernel *kernel, const char *text,
							 bool *ret);

/** Texts in the image that begin with "swapper": one is init_task.comm. As above. */
void kernel_idle_names(const struct kernel *kernel, const dill_virt **ret, size_t *ret_count);

/* --- for the rest of this room --- */

struct roots;

/** Look through the image, once. @return NULL; NO_MEMORY; fatal errors */
DILL_MUST_CHECK struct dill_error *roots_find(struct kernel *kernel);
void roots_deinit(struct roots *roots);

#endif
