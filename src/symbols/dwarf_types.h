/* SPDX-License-Identifier: MIT */
#ifndef SYMBOLS_DWARF_TYPES_H
#define SYMBOLS_DWARF_TYPES_H

#include "symbols/dwarf_unit.h"
#include "symbols/type_graph.h"

/** What became of types. */
struct dwarf_counts {
	size_t types;	 /**< described */
	size_t left_out; /**< types, members and parameters that make no sense */
};

/**
 * Describe all types, each once by its id: structs, unions, enums, base types, typedefs, pointers,
 * arrays, qualifiers, prototypes, declarations. Tags that mean nothing for the layout are left
 * out.
 *
 * What makes no sense is left out, too: a member that does not lie in its struct, a type that leads
 * back to itself.
 */
void dwarf_add_types(struct dwarf_unit *dwarf, const struct type_graph *graph,
		     struct dwarf_counts *counts);

/** Add the parameters of a prototype as the children of an entry, and end them. */
void dwarf_add_parameters(struct dwarf_unit *dwarf, const struct type_graph *graph,
			  const struct type *prototype, struct dwarf_counts *counts);

#endif
