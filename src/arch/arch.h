/* SPDX-License-Identifier: MIT */
#ifndef ARCH_ARCH_H
#define ARCH_ARCH_H

#include "arch/paging.h"
#include "base/error.h"

/** As messages name them. */
#define ARCH_KNOWN "x86-64 and arm64"

/** What a stub or GDB is asked for, beside the general registers: the members of struct
 * dill_registers. */
enum arch_role {
	ARCH_IP,
	ARCH_SP,
	ARCH_FLAGS,
	ARCH_PRIVILEGE,
	ARCH_CPU_BASE,
	ARCH_OTHER_BASE,
	ARCH_CONTROL,
	ARCH_TABLES,
	ARCH_PAGING,
	ARCH_MODE,
	ARCH_ROLES,
};

/** GDB's name of a register; several may have one role, the first that is there counts. */
struct arch_register {
	const char *name; /**< NULL ends a table */
	enum arch_role role;
};

/** A member of @p registers by its role. */
uint64_t *arch_register_of(struct dill_registers *registers, enum arch_role role);

/** Top tables that the registers of a CPU may mean, the likeliest first. */
#define ARCH_ROOTS_MAX 2u
struct arch_roots {
	dill_phys roots[ARCH_ROOTS_MAX];
	unsigned count;
	struct paging paging; /**< of all of them */
};

/**
 * All that dill knows of a machine.
 *
 * To add an architecture:
 * - a folder here with the same files as the others, and its row in arch.c;
 * - registers: their names in GDB's descriptions and what they are for; `control` is a set of those
 *   without which page tables cannot be found;
 * - page tables: decode() and roots(); unit tests with forged tables (tests/unit/test_pagetable.c);
 * - the kernel's space: where its image is (a window, or text to look for), the names that its own
 *   tables have had, where it is linked, how memory is mapped;
 * - a row in base/machine.c when it was refused by its name so far, and its name in ARCH_KNOWN;
 * - a kernel in tests/guest/kernels.py and a machine in tests/guest/qemu.py: the tests are the
 * same;
 * - docs/targets.md, docs/kernels.md.
 */
struct arch {
	const char *name;
	uint16_t elf_machine; /**< e_machine; little-endian and of 64 bits */
	const char *gdb_name; /**< what GDB's names of it begin with */

	const struct arch_register *registers;
	unsigned control; /**< set of bits 1 << role */
	/** True when a CPU was stopped in user mode. */
	bool (*is_user)(const struct dill_registers *registers);
	/** True when its interrupts were off. */
	bool (*is_masked)(const struct dill_registers *registers);

	/** Decode the entry @p raw of a table at @p level. */
	struct paging_entry (*decode)(const struct paging *paging, uint64_t raw, unsigned level);
	/**
	 * The page tables in a CPU's registers, which `control` are known of.
	 * @return NULL; NOT_FOUND when the CPU does not run in the mode that Linux does
	 */
	struct dill_error *(*roots)(const struct dill_registers *registers, unsigned cpu,
				    struct arch_roots *ret);
	/** Other tables that the kernel's own may be; false when there are none. May be NULL. */
	bool (*other_paging)(const struct paging *paging, struct paging *ret);
	/** The top tables of all processes have the kernel's entries: any of them shows it. */
	bool shares_top;
	/** Names that the kernel's own top table has had; ends with NULL. */
	const char *const *own_tables;

	/** Where the image is looked for; the same for all paging. */
	void (*image_window)(const struct paging *paging, dill_virt *ret_first,
			     dill_virt *ret_last);
	/** What the first mapping of the window is aligned to, which is the image; 0 = the window
	 * has other things, too: the image is around the largest text. */
	uint64_t image_align;
	/** Where the image is linked unless configured otherwise. */
	dill_virt (*linked_base)(const struct paging *paging);
	/** "against the usual link address ..." */
	const char *linked_how;
	/** Where memory is mapped follows from where it begins (memstart_addr); else variables tell
	 * it. */
	bool maps_by_offset;
	/** Bytes of a stack, to a multiple of which it is aligned. */
	size_t (*stack_size)(const struct paging *paging);
};

extern const struct arch arch_x86_64, arch_arm64;

/** By e_machine of a little-endian ELF file of 64 bits; NULL when dill does not know it. */
const struct arch *arch_of_elf(uint16_t machine);
/** By GDB's name, as stubs and GDB tell it: "i386:x86-64"; NULL when dill does not know it. */
const struct arch *arch_of_gdb(const char *name);

#endif
