/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_KALLSYMS_FORMAT_H
#define KERNEL_KALLSYMS_FORMAT_H

#include "base/span.h"
#include "kernel/image.h"

/** How the table of values gives addresses. */
enum kallsyms_form {
	/** u64 addresses (CONFIG_KALLSYMS_BASE_RELATIVE off; to 6.10) */
	KALLSYMS_ABSOLUTE,
	/** base + u32 */
	KALLSYMS_RELATIVE,
	/** CONFIG_KALLSYMS_ABSOLUTE_PERCPU (x86-64 with SMP, to 6.14): s32; base - 1 - value when
	   negative, else the value itself, a per-CPU offset or an absolute symbol */
	KALLSYMS_PERCPU,
	/** address of the value + s32 (7.0 on) */
	KALLSYMS_SELF_RELATIVE,
};

/** Bounds of what is taken for a table; the five Debian kernels have 87,000 to 191,000 symbols. */
#define KALLSYMS_COUNT_MIN 64u
#define KALLSYMS_COUNT_MAX (1u << 20)

/** Places of the tables, as offsets into the span they were found in. */
struct kallsyms_tables {
	uint32_t count;
	uint64_t names, markers, token_table, token_index, values;
	uint64_t base; /**< kallsyms_relative_base, relocated; RELATIVE and PERCPU */
	enum kallsyms_form form;
};

/* --- details that finding and decoding share --- */

#define KALLSYMS_TOKENS 256u
/** Bytes of the longest compressed name: two of length and 14 bits of tokens; real ones are shorter
 * than KSYM_NAME_LEN. */
#define KALLSYMS_NAME_BYTES_MAX 514u

/** Bytes of the length in front of the name at @p at, and that length; false past the end. */
static inline bool kallsyms_name_length(struct span bytes, uint64_t at, uint64_t *ret_prefix,
					uint64_t *ret_length)
{
	if (!span_holds(bytes, at, 2))
		return false;
	*ret_prefix = 1;
	*ret_length = bytes.data[at];
	/* Long symbols: kernel commit 73bbb94466fd ("kallsyms: support "big" kernel symbols"), 6.1.
	 * Before, a length never had bit 7 set. */
	if (*ret_length & 0x80) {
		*ret_prefix = 2;
		*ret_length = (*ret_length & 0x7f) | (uint64_t)bytes.data[at + 1] << 7;
	}
	return *ret_length && span_holds(bytes, at, *ret_prefix + *ret_length);
}

static inline uint64_t kallsyms_value_size(enum kallsyms_form form)
{
	return form == KALLSYMS_ABSOLUTE ? 8 : 4;
}

/** The value of symbol @p i, see enum kallsyms_form. */
static inline uint64_t kallsyms_value(struct span bytes, uint64_t address,
				      const struct kallsyms_tables *tables, uint32_t i)
{
	uint64_t at = tables->values + i * kallsyms_value_size(tables->form);
	int32_t offset;

	if (tables->form == KALLSYMS_ABSOLUTE)
		return span_u64(bytes, at);
	offset = (int32_t)span_u32(bytes, at);
	switch (tables->form) {
	case KALLSYMS_SELF_RELATIVE:
		return address + at + (uint64_t)(int64_t)offset;
	case KALLSYMS_PERCPU:
		return offset < 0 ? tables->base - 1 - (uint64_t)(int64_t)offset : (uint64_t)offset;
	default:
		return tables->base + (uint32_t)offset;
	}
}

/** Whether a value is an address of the image that has the table at @p address: none is larger than
 * that. */
static inline bool kallsyms_is_near(uint64_t address, uint64_t value)
{
	const uint64_t reach = UINT64_C(1) << 30;

	return value - address < reach || address - value < reach;
}

#endif
