/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_FILE_SYMBOLS_H
#define KERNEL_FILE_SYMBOLS_H

#include "base/error.h"
#include "kernel/symbol_table.h"

struct kernel;

/* What the user's vmlinux or bzImage adds to a kernel: symbols that the target lacks. */

/** Fill an empty table, kernel->symbols or kernel->file_symbols, at run-time addresses. */
DILL_MUST_CHECK struct dill_error *kernel_file_symbols(struct kernel *kernel,
						       struct symbol_table *ret,
						       uint64_t *ret_slide);
/** Have kernel->file_symbols when the target's own are functions only and there is a file; what is
 * wrong with it is told once. */
void kernel_file_ask(struct kernel *kernel);

#endif
