/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_KALLSYMS_DECODE_H
#define KERNEL_KALLSYMS_DECODE_H

#include "kernel/kallsyms_format.h"
#include "kernel/symbol_table.h"

/**
 * Decode all symbols.
 *
 * @param tables  from kallsyms_find() on the same bytes
 * @param ret     empty; added to, not yet indexed
 * @return NULL; BAD_DATA; NO_MEMORY
 */
DILL_MUST_CHECK struct dill_error *kallsyms_decode(struct span bytes, uint64_t address,
						   const struct kallsyms_tables *tables,
						   struct symbol_table *ret);

#endif
