/* SPDX-License-Identifier: MIT */
#ifndef SYMBOLS_DWARF_CODE_H
#define SYMBOLS_DWARF_CODE_H

#include "symbols/dwarf_types.h"
#include "symbols/known_variables.h"
#include "symbols/symtab.h"

/**
 * Describe the functions and variables among the symbols that the types know: prototypes with the
 * names of parameters, and of variables their type; both at the symbols' addresses.
 */
void dwarf_add_functions(struct dwarf_unit *dwarf, const struct type_graph *graph,
			 const struct file_symbols *symbols, struct dwarf_counts *counts,
			 size_t *ret_count);
/** @param known  others, which the types do not tell of. NULL; NO_MEMORY */
DILL_MUST_CHECK struct dill_error *dwarf_add_variables(struct dwarf_unit *dwarf,
						       const struct type_graph *graph,
						       const struct file_symbols *symbols,
						       const struct known_variables *known,
						       size_t *ret_count);

#endif
