/* SPDX-License-Identifier: MIT */
#include "trace/reboot.h"

#include <string.h>

#include "kernel/pagetable.h"

/* Intel SDM volume 3A, 2.5 */
#define CR0_PAGING (UINT64_C(1) << 31)
/* With page-table isolation the kernel's top table is in front of the user's (arch/x86/include/asm/
 * pgtable.h kernel_to_user_pgdp()). */
#define USER_TABLE (UINT64_C(1) << 12)

struct dill_error *boot_clock_start(struct kernel *kernel, struct peek *peek,
				    struct boot_clock *ret)
{
	*ret = (struct boot_clock){0};
	if (!kernel_has_symbol(kernel, "jiffies_64", &ret->address) &&
	    !kernel_has_symbol(kernel, "jiffies", &ret->address))
		return NULL;
	return peek_u64(peek, ret->address, &ret->last);
}

struct dill_error *boot_clock_check(struct boot_clock *clock, struct peek *peek, bool *ret_again)
{
	struct dill_error *error;
	uint64_t now = 0;

	*ret_again = false;
	if (!clock->address)
		return NULL;
	error = peek_u64(peek, clock->address, &now);
	if (error && error_is_fatal(error))
		return error;
	*ret_again = error || now < clock->last;
	dill_error_free(error);
	clock->last = now;
	return NULL;
}

/* --- who runs --- */

/* The entry of a top table for the kernel's image: all of a kernel's have the same. 0 = none. */
static uint64_t image_entry(const struct pagetable *tables, dill_phys root)
{
	const uint8_t *table;
	struct dill_error *error = tables->read(tables->context, root, &table);
	uint64_t entry = 0;

	if (!error)
		memcpy(&entry, table + DILL_PAGE_SIZE - sizeof(entry), sizeof(entry));
	dill_error_free(error);
	return entry & PAGETABLE_ADDRESS_MASK;
}

static bool uses(const struct pagetable *tables, const struct dill_registers *registers)
{
	uint64_t entry = image_entry(tables, tables->root);
	dill_phys root = registers->cr3 & PAGETABLE_ADDRESS_MASK;

	return registers->cr0 & CR0_PAGING && (image_entry(tables, root) == entry ||
					       image_entry(tables, root & ~USER_TABLE) == entry);
}

struct dill_error *boot_has_left(struct kernel *kernel, bool *ret)
{
	struct memory *memory = kernel_memory(kernel);
	struct pagetable tables;
	unsigned cpus;

	*ret = false;
	if (!kernel_page_tables(kernel, &tables))
		return NULL;
	TRY(memory_cpu_count(memory, &cpus));
	for (unsigned cpu = 0; cpu < cpus; cpu++) {
		struct dill_registers registers;

		TRY(memory_registers(memory, cpu, &registers));
		if (!registers.has_control || uses(&tables, &registers))
			return NULL;
	}
	*ret = true;
	return NULL;
}
