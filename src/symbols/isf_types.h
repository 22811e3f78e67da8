/* SPDX-License-Identifier: MIT */
#ifndef SYMBOLS_ISF_TYPES_H
#define SYMBOLS_ISF_TYPES_H

#include "base/strbuf.h"
#include "symbols/type_graph.h"

/** Sizes of integers, signed and not: 1, 2, 4, 8 and 16 bytes. */
#define ISF_NUMBERS_MAX 10u

/** Types on their way into a symbol table of volatility 3, where they go by name. */
struct isf_types {
	const struct type_graph *graph;
	struct strbuf *text;
	/** By id, of those that have a name in C: whether it is another type's, too, that comes
	 * before. */
	uint8_t *is_second;
	type_id numbers[ISF_NUMBERS_MAX]; /**< some integers, each of its own size and sign */
	size_t number_count;
	size_t types;	 /**< described */
	size_t left_out; /**< that make no sense: types, members, enumerators */
};

/** @param ret  to be given to isf_types_deinit(), also after an error. NULL; NO_MEMORY */
DILL_MUST_CHECK struct dill_error *isf_types_begin(const struct type_graph *graph,
						   struct strbuf *text, struct isf_types *ret);
/** Append the objects "base_types", "user_types" and "enums", with a comma behind each. */
void isf_append_types(struct isf_types *isf);
/** Append what refers to a type, an object. */
void isf_append_reference(struct isf_types *isf, type_id id);
/** Append a JSON string. */
void isf_append_text(struct strbuf *text, const char *string);
void isf_types_deinit(struct isf_types *isf);

#endif
