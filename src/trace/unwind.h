/* SPDX-License-Identifier: MIT */
#ifndef TRACE_UNWIND_H
#define TRACE_UNWIND_H

#include "symbols/orc.h"
#include "trace/event.h"
#include "trace/peek.h"

/** Return addresses of a stack, innermost first. */
struct backtrace {
	size_t count;
	dill_virt addresses[TRACE_STACK_MAX + 1]; /**< of whoever called, and those behind it */
};

/** What a walk must know of code. */
struct unwind_code {
	/** Whether @p ip may be an instruction of the kernel. */
	bool (*is_code)(struct unwind_code *code, dill_virt ip);
	/**
	 * What ORC says of the instruction at @p ip.
	 * @return NULL, with false in *ret_found when it says nothing; fatal errors
	 */
	struct dill_error *(*find)(struct unwind_code *code, dill_virt ip, struct orc_entry *ret,
				   bool *ret_found);
};

/** Where registers lie in the kernel's struct pt_regs, in bytes. */
struct unwind_registers {
	uint64_t ip, sp, bp, r10, r13, di, dx, ax;
};

/**
 * Find where they lie, all of them.
 * @return NULL; UNSUPPORTED when one is not there: none is read at offset 0
 *
 * Source: arch/x86/include/asm/ptrace.h struct pt_regs
 */
DILL_MUST_CHECK struct dill_error *unwind_registers_find(struct types *types,
							 struct unwind_registers *ret);

/** What a stack is read with: a page at most at a time, as little as can be. */
struct unwind_stack {
	struct peek *peek;
	struct unwind_registers layout;
	/** Parts of pages that were read in this walk, each from `first` to the page's end. */
	struct unwind_part {
		dill_virt first, end;
		uint8_t bytes[DILL_PAGE_SIZE];
	} parts[4];
	size_t next; /**< which is replaced next */
};

/**
 * Walk a stack by ORC, from the first instruction of a function. Where memory contradicts itself
 * the walk ends, with what was found so far.
 *
 * @param registers  of the CPU that stands there, by enum dill_register
 * @return NULL; fatal errors
 */
DILL_MUST_CHECK struct dill_error *unwind_orc(struct unwind_stack *stack, struct unwind_code *code,
					      const uint64_t *registers, struct backtrace *ret);

/** The same by frame pointers, for a kernel whose functions all keep one. */
DILL_MUST_CHECK struct dill_error *unwind_frames(struct unwind_stack *stack,
						 struct unwind_code *code,
						 const uint64_t *registers, struct backtrace *ret);

#endif
