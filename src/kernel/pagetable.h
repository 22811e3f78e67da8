/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_PAGETABLE_H
#define KERNEL_PAGETABLE_H

#include "base/error.h"
#include "kernel/mapping.h"

/**
 * The page tables of one x86-64 address space, reached through a callback: a target's physical
 * memory, or a test's array.
 *
 * Every word of them may be forged. A walk reads at most one table per level, a range walk at most
 * PAGETABLE_TABLES_MAX tables, however the tables point at each other.
 *
 * Source: Intel SDM volume 3A, chapter "Paging"; arch/x86/include/asm/pgtable_types.h
 */
struct pagetable {
	dill_phys root;	 /**< physical address of the top table */
	unsigned levels; /**< 4 or 5 */
	/**
	 * Borrow one table.
	 * @param ret  valid until the next call; @return FAULT when @p table cannot be read
	 */
	struct dill_error *(*read)(void *context, dill_phys table, const uint8_t **ret);
	/** Announce tables that will be read; may be NULL. Unreadable ones are no error. */
	struct dill_error *(*prefetch)(void *context, const uint64_t *tables, size_t count);
	void *context;
};

#define PAGETABLE_ENTRIES    512u
#define PAGETABLE_TABLES_MAX 4096u
/** Bits of cr3 and of an entry that hold a physical address; the rest are flags and the PCID. */
#define PAGETABLE_ADDRESS_MASK UINT64_C(0x000ffffffffff000)

/** What one table entry says. */
enum entry_kind {
	ENTRY_ABSENT, /**< not present, or impossible at its level */
	ENTRY_TABLE,  /**< `phys` is the next table */
	ENTRY_LEAF,   /**< `phys` is the page itself, `size` bytes large */
};

struct entry {
	enum entry_kind kind;
	struct mapping mapping; /**< permissions of this entry alone; phys of the table or page */
};

/** Decode the entry @p raw of a table at @p level: 1 = page table, 5 = PML5. */
struct entry entry_decode(uint64_t raw, unsigned level);

/** Index of @p address in a table at @p level. */
unsigned pagetable_index(dill_virt address, unsigned level);
/** Bytes that one entry of a table at @p level covers. */
uint64_t pagetable_entry_size(unsigned level);
/** True when @p address is canonical with @p levels levels of tables. */
bool pagetable_canonical(dill_virt address, unsigned levels);

/**
 * Translate one address.
 *
 * @param ret  permissions hold for the whole path
 * @return NULL; FAULT when nothing is mapped at @p address or a table is unreadable; what read()
 * failed with
 */
DILL_MUST_CHECK struct dill_error *pagetable_walk(const struct pagetable *tables, dill_virt address,
						  struct mapping *ret);

/**
 * List what is mapped in [@p first, @p last], in order of address.
 *
 * @param last   inclusive, so that the end of the address space can be named
 * @param visit  gets each run once; its error ends the walk and is returned
 * @return NULL; LIMIT past PAGETABLE_TABLES_MAX tables; what read() or visit() failed with, but
 * unreadable tables are holes
 */
DILL_MUST_CHECK struct dill_error *pagetable_runs(
	const struct pagetable *tables, dill_virt first, dill_virt last,
	struct dill_error *(*visit)(void *context, const struct mapping_run *run), void *context);

#endif
