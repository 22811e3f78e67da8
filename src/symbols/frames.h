/* SPDX-License-Identifier: MIT */
#ifndef SYMBOLS_FRAMES_H
#define SYMBOLS_FRAMES_H

#include "symbols/bytes.h"
#include "symbols/orc.h"

/** Registers by their numbers in DWARF. Source: System V ABI for x86-64, figure 3.36 */
#define FRAME_REGISTERS 17u
#define FRAME_RBP	6u
#define FRAME_RSP	7u
#define FRAME_RIP	16u

/** Where they lie in the kernel's struct pt_regs, in bytes; by number. */
struct frame_registers {
	uint64_t offsets[FRAME_REGISTERS];
};

/** UNSUPPORTED when one is not there. */
DILL_MUST_CHECK struct dill_error *frame_registers_find(struct types *types,
							struct frame_registers *ret);

/** Code as a table describes it by its rows. */
struct frames_code {
	/** Whether instructions put the stack pointer somewhere else, whatever the rows say; NULL =
	 * none do. */
	bool (*changes_stack)(void *context, uint64_t first, uint64_t end);
	void *context;
};

/** A .debug_frame section as it grows. */
struct frames {
	struct frames_code code;
	struct bytes bytes;
	uint32_t common[16]; /**< where the CIE of each kind of frame begins, and 1 */
	size_t rows;	     /**< of ORC tables, that were used */
	size_t bad_rows;     /**< that were not: out of order */
	size_t outside;	     /**< that were not: of other code */
};

/**
 * Add what an ORC table says of code, row by row.
 *
 * A frame is described from its stack pointer alone, as ORC does: where other registers were saved
 * it does not know, so that they are undefined in callers; but for those that an interrupt,
 * exception or system call has saved, all of them. Such are signal frames: what they interrupted
 * stands at the address itself and not behind a call. So is code that has gone to another stack, as
 * GDB follows no other kind of frame to wherever that is: what ORC says to do so, and what counts
 * from its frame pointer while its instructions do it. Where ORC knows nothing, or the stack ends,
 * the return address is undefined: whoever unwinds ends there.
 *
 * @param first, end  of the code, to which the last row applies
 *
 * Source: DWARF 5, 6.4; kernel Documentation/arch/x86/orc-unwinder.rst
 */
void frames_add_orc(struct frames *frames, const struct orc_layout *layout,
		    const struct frame_registers *registers, const struct orc_table *table,
		    uint64_t first, uint64_t end);

/** Say of a range that nobody unwinds further than it: programs of the target. */
void frames_add_end(struct frames *frames, uint64_t first, uint64_t end);

void frames_deinit(struct frames *frames);

#endif
