/* SPDX-License-Identifier: MIT */
#ifndef SYMBOLS_TYPE_GRAPH_H
#define SYMBOLS_TYPE_GRAPH_H

#include "types/type.h"

/**
 * Which types can be described to a reader that follows references without a look: those whose
 * description ends.
 *
 * In C every circle of types leads through a pointer to a struct, a union or an enum, and no struct
 * contains itself. Forged types need not be C, and a debugger that reads such a circle does not
 * come back.
 */
struct type_graph {
	struct types *types;
	uint32_t limit;	     /**< one past the largest id */
	type_id *stands_for; /**< by id: itself; of a tag what it decorates; TYPE_GRAPH_BAD */
	uint8_t *heights;    /**< of descriptions, by id; internal */
	uint8_t *depths;     /**< of structs in structs, by id; internal */
	size_t bad;	     /**< ids that cannot be described */
};

#define TYPE_GRAPH_BAD UINT32_MAX

/** Look at all types. @param types  borrowed. NULL; NO_MEMORY */
DILL_MUST_CHECK struct dill_error *type_graph_make(struct types *types, struct type_graph *ret);
/** The id that is described in place of @p id, 0 = void; TYPE_GRAPH_BAD when it cannot be. */
type_id type_graph_id(const struct type_graph *graph, type_id id);
void type_graph_deinit(struct type_graph *graph);

#endif
