/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_PAGETABLE_H
#define KERNEL_PAGETABLE_H

#include "arch/arch.h"

/**
 * The page tables of one address space, reached through a callback: a target's physical
 * memory, or a test's array.
 *
 * Every word of them may be forged. A walk reads at most one table per level, a range walk at most
 * PAGETABLE_TABLES_MAX tables, however the tables point at each other.
 */
struct pagetable {
	dill_phys root; /**< physical address of the top table */
	struct paging paging;
	/**
	 * Borrow DILL_PAGE_SIZE bytes of a table: all of it where pages have no more.
	 * @param part  multiple of DILL_PAGE_SIZE
	 * @param ret   valid until the next call; @return FAULT when @p part cannot be read
	 */
	struct dill_error *(*read)(void *context, dill_phys part, const uint8_t **ret);
	/** Announce tables that will be read; may be NULL. Unreadable ones are no error. */
	struct dill_error *(*prefetch)(void *context, const uint64_t *tables, size_t count);
	void *context;
};

/** Entries in what read() gives. */
#define PAGETABLE_ENTRIES    (DILL_PAGE_SIZE / 8u)
#define PAGETABLE_TABLES_MAX 4096u

/** The part of a table that entry @p index lies in. */
static inline dill_phys pagetable_part(dill_phys table, unsigned index)
{
	return table + index / PAGETABLE_ENTRIES * (dill_phys)DILL_PAGE_SIZE;
}

/** Decode entry @p index of a table at @p level. @param part  of the table, with that entry */
struct paging_entry pagetable_entry(const struct paging *paging, const uint8_t *part,
				    unsigned index, unsigned level);

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
