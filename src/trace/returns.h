/* SPDX-License-Identifier: MIT */
#ifndef TRACE_RETURNS_H
#define TRACE_RETURNS_H

#include "base/array.h"
#include "kernel/kernel.h"

/** Addresses of instructions. */
struct code_places {
	ARRAY(dill_virt) list;
};

/**
 * Append every place where the function around @p address returns: its ret instructions, and its
 * jumps to the kernel's return thunk. A tail call returns elsewhere.
 * @param address  at the start of an instruction
 * @return NULL; NOT_FOUND, FAULT when its code cannot be read; UNSUPPORTED when the disassembler
 * cannot be had
 */
DILL_MUST_CHECK struct dill_error *returns_find(struct kernel *kernel, dill_virt address,
						struct code_places *ret);

#endif
