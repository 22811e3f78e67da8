/* SPDX-License-Identifier: MIT */
#include <elf.h>

#include "arch/arch.h"

/* Source of all that is architectural: Arm Architecture Reference Manual (DDI 0487), chapters D8
 * "The AArch64 Virtual Memory System Architecture" and D19 "System registers". */

/* --- registers --- */

static const struct arch_register registers[] = {
	{"pc", ARCH_IP},
	{"sp", ARCH_SP},
	{"cpsr", ARCH_FLAGS},
	{"cpsr", ARCH_PRIVILEGE},
	{"TPIDR_EL1", ARCH_CPU_BASE},
	{"SP_EL0", ARCH_OTHER_BASE},
	{"TTBR1_EL1", ARCH_TABLES},
	{"TCR_EL1", ARCH_PAGING},
	{NULL, ARCH_ROLES},
};

#define PSTATE_LEVEL 0xfu		/* 0: EL0, of 32 bits as well */
#define PSTATE_I     (UINT64_C(1) << 7) /* interrupts are masked */

static bool is_user(const struct dill_registers *regs)
{
	return !(regs->privilege & PSTATE_LEVEL);
}

static bool is_masked(const struct dill_registers *regs)
{
	return regs->flags & PSTATE_I;
}

/* --- page tables --- */

enum {
	BIT_VALID = 1 << 0,
	BIT_TABLE = 1 << 1, /* a page in tables of the last level */
	BIT_USER = 1 << 6,
	BIT_READ_ONLY = 1 << 7,
};
#define BIT_DIRTY_MANAGED (UINT64_C(1) << 51) /* then READ_ONLY says whether it is clean */
#define BIT_NO_EXECUTE	  (UINT64_C(1) << 53) /* by the kernel */
/* What the entry of a table takes from all that is below. */
#define TABLE_NO_EXECUTE (UINT64_C(1) << 59)
#define TABLE_NO_USER	 (UINT64_C(1) << 61)
#define TABLE_READ_ONLY	 (UINT64_C(1) << 62)

#define SHIFT_64K 16u

static uint64_t bits(uint64_t word, unsigned last, unsigned first)
{
	return word >> first & ((UINT64_C(1) << (last - first + 1)) - 1);
}

/* Physical address of a table or page. Of addresses of 52 bits the upper ones lie where smaller
 * ones are zero anyway, which depends on the size of pages. */
static dill_phys address_in(const struct paging *paging, uint64_t raw)
{
	unsigned shift = paging->page_shift;

	if (shift == SHIFT_64K)
		return bits(raw, 47, shift) << shift | bits(raw, 15, 12) << 48;
	if (paging->has_wide)
		return bits(raw, 49, shift) << shift | bits(raw, 9, 8) << 50;
	return bits(raw, 47, shift) << shift;
}

static struct paging_entry decode(const struct paging *paging, uint64_t raw, unsigned level)
{
	struct paging_entry entry = {.kind = ENTRY_ABSENT};

	if (!(raw & BIT_VALID) || (level == 1 && !(raw & BIT_TABLE)))
		return entry;
	entry.mapping.phys = address_in(paging, raw);
	entry.mapping.size = paging_entry_size(paging, level);
	if (level > 1 && raw & BIT_TABLE) {
		entry.kind = ENTRY_TABLE;
		entry.mapping.writable = !(raw & TABLE_READ_ONLY);
		entry.mapping.executable = !(raw & TABLE_NO_EXECUTE);
		entry.mapping.user = !(raw & TABLE_NO_USER);
		return entry;
	}
	/* The largest blocks are those of the third level, but for wide addresses. */
	if (level > 4 || (level == 4 && !paging->has_wide) ||
	    (level == 3 && paging->page_shift != 12 && !paging->has_wide))
		return entry;
	entry.kind = ENTRY_LEAF;
	entry.mapping.phys &= ~(entry.mapping.size - 1);
	entry.mapping.writable = !(raw & BIT_READ_ONLY) || raw & BIT_DIRTY_MANAGED;
	entry.mapping.executable = !(raw & BIT_NO_EXECUTE);
	entry.mapping.user = raw & BIT_USER;
	return entry;
}

/* TCR_EL1: T1SZ, TG1 and DS, for the upper half. */
static bool read_paging(uint64_t tcr, struct paging *ret)
{
	static const unsigned shifts[4] = {0, 14, 12, 16}; /* by TG1; 0: reserved */
	unsigned bits_of_half = 64 - (unsigned)bits(tcr, 21, 16), shift = shifts[bits(tcr, 31, 30)];

	if (!shift || bits_of_half < 25 || bits_of_half > 52)
		return false;
	*ret = (struct paging){
		.arch = &arch_arm64,
		.levels = (bits_of_half - shift + (shift - 3) - 1) / (shift - 3),
		.page_shift = shift,
		.table_bits = bits_of_half,
		.half_bits = bits_of_half,
		.has_wide = tcr >> 59 & 1,
	};
	return true;
}

/*
 * TTBR1_EL1. With page-table isolation it is tramp_pg_dir in user mode, and for some instructions
 * on the way there, which lies two pages below the kernel's own. Source:
 * arch/arm64/kernel/vmlinux.lds.S; tramp_map_kernel in arch/arm64/kernel/entry.S
 */
static struct dill_error *roots(const struct dill_registers *regs, unsigned cpu,
				struct arch_roots *ret)
{
	struct paging paging;
	dill_phys root = bits(regs->tables, 47, 6) << 6;

	if (!read_paging(regs->paging, &paging) || !root)
		return dill_error_new(
			DILL_ERROR_NOT_FOUND,
			"CPU %u translates no kernel's addresses: no Linux kernel for "
			"arm64, or not yet booted",
			cpu);
	if (paging.has_wide || paging.page_shift == SHIFT_64K)
		root |= bits(regs->tables, 5, 2) << 48;
	*ret = (struct arch_roots){
		.roots = {root, root + (UINT64_C(2) << paging.page_shift)},
		.count = 2,
		.paging = paging,
	};
	return NULL;
}

static const char *const own_tables[] = {"swapper_pg_dir", NULL};

/* --- the kernel's space --- */

/* VA_BITS_MIN: what a kernel for larger addresses is laid out for, as it has to run without. */
static unsigned least_bits(const struct paging *paging)
{
	unsigned least = paging->page_shift == 14 ? 47 : 48;

	return paging->half_bits < least ? paging->half_bits : least;
}

/* The half of the upper half that is not the direct map: modules, vmalloc with the image in it, the
 * memory map. Source: arch/arm64/include/asm/memory.h; Documentation/arch/arm64/memory.rst */
static void image_window(const struct paging *paging, dill_virt *ret_first, dill_virt *ret_last)
{
	*ret_first = -(UINT64_C(1) << (least_bits(paging) - 1));
	*ret_last = UINT64_MAX;
}

/* KIMAGE_VADDR: behind 2 GiB of modules, 128 MiB to 6.4. */
static dill_virt linked_base(const struct paging *paging)
{
	return -(UINT64_C(1) << (least_bits(paging) - 1)) + (UINT64_C(2) << 30);
}

/* THREAD_SIZE without KASAN. */
static size_t stack_size(const struct paging *paging)
{
	return paging->page_shift == SHIFT_64K ? 65536 : 16384;
}

const struct arch arch_arm64 = {
	.name = "arm64",
	.elf_machine = EM_AARCH64,
	.gdb_name = "aarch64",
	.registers = registers,
	.control = 1 << ARCH_TABLES | 1 << ARCH_PAGING,
	.is_user = is_user,
	.is_masked = is_masked,
	.decode = decode,
	.roots = roots,
	.own_tables = own_tables,
	.image_window = image_window,
	.linked_base = linked_base,
	.linked_how = "against the usual link address",
	.stack_size = stack_size,
	.maps_by_offset = true,
};
