/* SPDX-License-Identifier: MIT */
#ifndef SYMBOLS_ISF_H
#define SYMBOLS_ISF_H

#include "symbols/symbol_file.h"

/**
 * Write a symbol table as volatility 3 reads it (its "intermediate symbol format", version 6.2.0):
 * structs, unions, enums and base types by name, and the kernel's symbols at the addresses for
 * which it was linked, so that the table serves for every boot of this kernel. The banner, by which
 * it is found for an image of memory, is in it.
 * @param ret  as symbol_file_write()
 * @return NULL; NOT_FOUND when the kernel has no types; OS; NO_MEMORY; fatal errors
 */
DILL_MUST_CHECK struct dill_error *symbol_isf_write(struct kernel *kernel, int fd,
						    struct symbol_file_counts *ret);

#endif
