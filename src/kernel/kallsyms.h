/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_KALLSYMS_H
#define KERNEL_KALLSYMS_H

#include "base/span.h"
#include "kernel/symbol_table.h"

/**
 * The compressed symbol table that a kernel carries in its read-only data, in every layout from 5.4
 * to 7.3. Works on bytes: finding them in a target is kallsyms_find.c's part.
 *
 * Every table is optional in its place and alignment, so they are found by their contents and
 * accepted only when they agree with each other:
 *
 * | kernels   | order in memory                                                                  |
 * |-----------|----------------------------------------------------------------------------------|
 * | to 6.3    | values, (base), count, names, markers, (sequence), token table, token index       |
 * | 6.4-6.19  | count, names, markers, token table, token index, values, (base), (sequence)       |
 * | 7.0 on    | the same without a base: each value counts from its own place                     |
 *
 * Source: scripts/kallsyms.c write_src(), kernel/kallsyms.c, kernel/kallsyms_internal.h
 */

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

/**
 * Find the tables in @p bytes.
 *
 * @param bytes    some part of the kernel image that holds all of them
 * @param address  of its first byte in the running kernel; a multiple of 8
 * @return NULL; NOT_FOUND when no consistent set of tables is there, LIMIT when looking for them
 * took more work than real tables do
 */
DILL_MUST_CHECK struct dill_error *kallsyms_find(struct span bytes, uint64_t address,
						 struct kallsyms_tables *ret);

/** True when @p bytes seem to hold a table of tokens. Just in front of the values there is one when
 * the names are there, too. */
bool kallsyms_has_tokens(struct span bytes);

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
