/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_KALLSYMS_VALUES_H
#define KERNEL_KALLSYMS_VALUES_H

#include "kernel/kallsyms_format.h"

/** Where a table of values seems to lie. */
struct kallsyms_values {
	uint64_t first,
		end; /**< offsets; may be off by some entries, the neighbours being similar */
	enum kallsyms_form form;
};

/**
 * Tell whether [@p offset, @p offset + @p length) looks like the inside of a table of values:
 * addresses in ascending order that differ mostly. The place must be a multiple of 8.
 *
 * @param ret  RELATIVE tables are told as SELF_RELATIVE, which ascend in the same way
 */
bool kallsyms_is_values(struct span bytes, uint64_t offset, uint64_t length,
			enum kallsyms_form *ret);

/** Grow what kallsyms_is_values() accepted as far as it reaches in @p bytes. */
struct kallsyms_values kallsyms_values_extent(struct span bytes, uint64_t offset, uint64_t length,
					      enum kallsyms_form form);

#endif
