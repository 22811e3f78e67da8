/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_KSTRUCT_LAYOUT_H
#define COMMAND_KSTRUCT_LAYOUT_H

#include "answer/record.h"
#include "command/kstruct_value.h"
#include "types/type.h"

/** Lines that one layout may have: ten times those of the largest struct of kernels up to 7.3. A
 * forged type that contains itself would have no end. */
#define LAYOUT_LINES_MAX 32768

struct layout_request {
	struct types *types;
	type_id type;	/**< what was asked for */
	unsigned depth; /**< levels of structs to open, 1 = members of the type itself; anonymous
			   ones are no level */

	/** A member of the type instead of all of it; NULL path for none. */
	const char *path;
	const struct type_place *place;

	/** Show values too; NULL for none. */
	const struct value_reader *reader;
	/** Where the type lies in memory; of a member behind pointers, what the last one of them
	 * points to: the address that offsets are counted from. */
	uint64_t address;
};

/**
 * Emit the layout of a type, and the values in memory, as records of layout_kind and
 * layout_end_kind (answer/layout_record.h). What is broken in the type or cannot be read is marked
 * in its line; the rest is shown.
 *
 * @return NULL; LIMIT for more than LAYOUT_LINES_MAX lines; errors of the sink
 */
DILL_MUST_CHECK struct dill_error *layout_emit(const struct layout_request *request,
					       struct dill_sink *sink);

/**
 * Split the place of a bit-field as C sees it: the offset of a unit of the declared type that holds
 * all its bits, and the bit in that unit. Where no aligned unit does (packed structs), the byte of
 * its first bit.
 */
void layout_split_bits(uint64_t bit_offset, uint32_t bit_size, uint64_t unit_size,
		       uint64_t *ret_offset, uint32_t *ret_bit);

#endif
