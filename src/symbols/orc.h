/* SPDX-License-Identifier: MIT */
#ifndef SYMBOLS_ORC_H
#define SYMBOLS_ORC_H

#include "base/span.h"
#include "types/type.h"

/** What lies where the stack pointer of the caller points. */
enum orc_type {
	ORC_UNDEFINED,	  /**< nothing is known: the walk fails */
	ORC_END,	  /**< nobody has called this */
	ORC_CALL,	  /**< a return address, right below */
	ORC_REGS,	  /**< a struct pt_regs: an interrupt, exception or system call */
	ORC_REGS_PARTIAL, /**< of a pt_regs only what the processor has pushed */
};

/** Registers that an entry may name. The kernel's numbers differ between releases. */
enum orc_register {
	ORC_REG_UNDEFINED, /**< of a frame pointer: it did not change; also what no kernel knows */
	ORC_REG_PREV_SP,   /**< the caller's stack pointer */
	ORC_REG_AX,
	ORC_REG_DX,
	ORC_REG_DI,
	ORC_REG_BP,
	ORC_REG_SP,
	ORC_REG_R10,
	ORC_REG_R13,
	ORC_REG_BP_INDIRECT, /**< the word at BP plus the offset */
	ORC_REG_SP_INDIRECT, /**< the word at SP, plus the offset */
};

/** How to find a function's caller from one of its instructions. */
struct orc_entry {
	enum orc_type type;
	enum orc_register sp_register, bp_register;
	int16_t sp_offset, bp_offset;
	/** The next address was interrupted there; else it is behind a call. */
	bool is_signal;
};

/** A bit-field of the kernel's struct orc_entry. */
struct orc_field {
	uint32_t shift, size; /**< in bits, from the start of the entry */
};

/** The kernel's struct orc_entry. */
struct orc_layout {
	uint32_t size; /**< bytes */
	struct orc_field sp_offset, bp_offset, sp_register, bp_register, type;
	struct orc_field signal; /**< size 0 = there is none */
	struct orc_field end;	 /**< to 6.3, where types are counted differently; size 0 = none */
	/** What the kernel's numbers of registers mean, by number. */
	const enum orc_register *registers;
};

#define ORC_REGISTER_COUNT 16u

/**
 * Tables of the kernel or of a module, sorted by address.
 * Source: kernel Documentation/arch/x86/orc-unwinder.rst, scripts/sorttable.c
 */
struct orc_table {
	uint64_t address; /**< where `distances` lies in the target */
	/** 32-bit each: from the place of the distance itself to the instruction. */
	struct span distances;
	struct span entries;
	size_t count; /**< of both */
};

/** Most entries of a table: some 25 MB, ten times those of a large kernel. */
#define ORC_COUNT_MAX (UINT32_C(1) << 22)

/** Find the layout in the types; UNSUPPORTED when it is not described or not understood. */
DILL_MUST_CHECK struct dill_error *orc_layout_find(struct types *types, struct orc_layout *ret);

/**
 * See how the registers are numbered: most entries of a kernel's table name its stack pointer.
 * @return UNSUPPORTED when no numbering that is known fits
 */
DILL_MUST_CHECK struct dill_error *orc_layout_number(struct orc_layout *layout,
						     const struct orc_table *table);

/** Find what is said of the instruction at @p ip; false when the table begins behind it. */
bool orc_find(const struct orc_layout *layout, const struct orc_table *table, uint64_t ip,
	      struct orc_entry *ret);

/** Row @p index, below the count: what is said of the instructions from @p ret_address on, up to
 * the next row's. False when the table is cut off. */
bool orc_row(const struct orc_layout *layout, const struct orc_table *table, size_t index,
	     uint64_t *ret_address, struct orc_entry *ret);

#endif
