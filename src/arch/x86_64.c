/* SPDX-License-Identifier: MIT */
#include "arch/x86_64.h"

#include <elf.h>

/* --- registers --- */

static const struct arch_register registers[] = {
	{"rip", ARCH_IP},
	{"rsp", ARCH_SP},
	{"eflags", ARCH_FLAGS},
	{"rflags", ARCH_FLAGS},
	{"cs", ARCH_PRIVILEGE},
	{"gs_base", ARCH_CPU_BASE},
	{"k_gs_base", ARCH_OTHER_BASE},
	{"kernel_gs_base", ARCH_OTHER_BASE},
	{"cr0", ARCH_CONTROL},
	{"cr3", ARCH_TABLES},
	{"cr4", ARCH_PAGING},
	{"efer", ARCH_MODE},
	{NULL, ARCH_ROLES},
};

#define INTERRUPTS_ON (UINT64_C(1) << 9) /* X86_EFLAGS_IF */

static bool is_user(const struct dill_registers *regs)
{
	return regs->privilege & 3; /* of cs */
}

static bool is_masked(const struct dill_registers *regs)
{
	return !(regs->flags & INTERRUPTS_ON);
}

/* --- page tables --- */

/* Source: Intel SDM volume 3A, chapter "Paging"; arch/x86/include/asm/pgtable_types.h */
enum {
	BIT_PRESENT = 1 << 0,
	BIT_WRITABLE = 1 << 1,
	BIT_USER = 1 << 2,
	BIT_LARGE = 1 << 7,
};
#define BIT_NO_EXECUTE (UINT64_C(1) << 63)

struct paging x86_64_paging(unsigned levels)
{
	return (struct paging){
		.arch = &arch_x86_64,
		.levels = levels,
		.page_shift = 12,
		.table_bits = 12 + 9 * levels,
		.half_bits = 12 + 9 * levels - 1,
	};
}

static struct paging_entry decode(const struct paging *paging, uint64_t raw, unsigned level)
{
	struct paging_entry entry = {.kind = ENTRY_ABSENT};

	if (!(raw & BIT_PRESENT))
		return entry;
	entry.mapping = (struct mapping){
		.phys = raw & X86_64_ADDRESS_MASK,
		.size = paging_entry_size(paging, level),
		.writable = raw & BIT_WRITABLE,
		.executable = !(raw & BIT_NO_EXECUTE),
		.user = raw & BIT_USER,
	};
	if (level > 1 && !(raw & BIT_LARGE)) {
		entry.kind = ENTRY_TABLE;
	} else if (level <= 3) {
		/* In a large page's entry the bits below its size are flags, such as PAT. */
		entry.mapping.phys &= ~(entry.mapping.size - 1);
		entry.kind = ENTRY_LEAF;
	}
	return entry;
}

/* Source: Intel SDM volume 3A, chapters "Control registers" and "IA32_EFER" */
#define CR0_PAGING (UINT64_C(1) << 31)
#define CR4_LA57   (UINT64_C(1) << 12)
#define EFER_LMA   (UINT64_C(1) << 10)

/* As they are, and as the kernel half of a pair. */
static struct dill_error *roots(const struct dill_registers *regs, unsigned cpu,
				struct arch_roots *ret)
{
	dill_phys root = regs->tables & X86_64_ADDRESS_MASK;

	if (!(regs->control & CR0_PAGING) || !(regs->mode & EFER_LMA))
		return dill_error_new(DILL_ERROR_NOT_FOUND,
				      "CPU %u is not in 64-bit mode: no Linux kernel for x86-64, "
				      "or not yet booted",
				      cpu);
	*ret = (struct arch_roots){
		.roots = {root, root & ~X86_64_PTI_USER_PAGE},
		.count = root & X86_64_PTI_USER_PAGE ? 2 : 1,
		.paging = x86_64_paging(regs->paging & CR4_LA57 ? 5 : 4),
	};
	return NULL;
}

/* Tables that were found in memory may be those of the level below. */
static bool other_paging(const struct paging *paging, struct paging *ret)
{
	*ret = x86_64_paging(paging->levels == 4 ? 5 : 4);
	return true;
}

/* swapper_pg_dir is a macro here. */
static const char *const own_tables[] = {"init_top_pgt", "init_level4_pgt", NULL};

/* --- the kernel's space --- */

static void image_window(const struct paging *paging, dill_virt *ret_first, dill_virt *ret_last)
{
	(void)paging;
	*ret_first = KERNEL_WINDOW_FIRST;
	*ret_last = KERNEL_WINDOW_LAST;
}

/* The window and CONFIG_PHYSICAL_START's default, 16 MiB. */
static dill_virt linked_base(const struct paging *paging)
{
	(void)paging;
	return KERNEL_WINDOW_FIRST + (UINT64_C(16) << 20);
}

/* THREAD_SIZE without KASAN. */
static size_t stack_size(const struct paging *paging)
{
	(void)paging;
	return 16384;
}

const struct arch arch_x86_64 = {
	.name = "x86-64",
	.elf_machine = EM_X86_64,
	.gdb_name = "i386:x86-64",
	.registers = registers,
	.control = 1 << ARCH_CONTROL | 1 << ARCH_TABLES | 1 << ARCH_PAGING | 1 << ARCH_MODE,
	.is_user = is_user,
	.is_masked = is_masked,
	.decode = decode,
	.roots = roots,
	.other_paging = other_paging,
	.shares_top = true,
	.own_tables = own_tables,
	.image_window = image_window,
	.image_align = KERNEL_ALIGN,
	.linked_base = linked_base,
	.linked_how = "against the usual link address 0xffffffff81000000",
	.stack_size = stack_size,
};
