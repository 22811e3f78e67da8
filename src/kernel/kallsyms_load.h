/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_KALLSYMS_LOAD_H
#define KERNEL_KALLSYMS_LOAD_H

#include "base/error.h"
#include "kernel/symbol_table.h"

struct kernel;

/* kallsyms_load.c */
/** Find and decode the kernel's own symbol table. NOT_FOUND when there is none. */
DILL_MUST_CHECK struct dill_error *kallsyms_load(struct kernel *kernel, struct symbol_table *ret,
						 const char **ret_how);

#endif
