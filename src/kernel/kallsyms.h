/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_KALLSYMS_H
#define KERNEL_KALLSYMS_H

#include "base/error.h"
#include "kernel/kallsyms_format.h"

/**
 * The compressed symbol table that a kernel carries in its read-only data, in every layout
 * from 4.14 to 7.3. Works on bytes: finding them in a target is kallsyms_load.c's part.
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
 * Markers have 8 bytes before 4.20, 4 since.
 *
 * Source: scripts/kallsyms.c write_src(), kernel/kallsyms.c, kernel/kallsyms_internal.h
 */

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

#endif
