/* SPDX-License-Identifier: MIT */
#include "kernel/pagetable.h"

#include <inttypes.h>
#include <string.h>

struct paging_entry pagetable_entry(const struct paging *paging, const uint8_t *part,
				    unsigned index, unsigned level)
{
	uint64_t word;

	memcpy(&word, part + index % PAGETABLE_ENTRIES * sizeof(word), sizeof(word));
	return paging->arch->decode(paging, word, level);
}

struct dill_error *pagetable_walk(const struct pagetable *tables, dill_virt address,
				  struct mapping *ret)
{
	const struct paging *paging = &tables->paging;
	struct mapping path = {.writable = true, .executable = true, .user = true};
	dill_phys table = tables->root;
	unsigned level = paging->levels;

	if (!paging_canonical(paging, address))
		return dill_error_new_fault(address, "0x%" PRIx64 " is not a canonical address",
					    address);
	if (!paging_translates(paging, address))
		level = 0;
	for (; level; level--) {
		unsigned index = paging_index(paging, address, level);
		const uint8_t *part;
		struct paging_entry entry;

		TRY(tables->read(tables->context, pagetable_part(table, index), &part));
		entry = pagetable_entry(paging, part, index, level);
		if (entry.kind == ENTRY_ABSENT)
			break;
		path.writable &= entry.mapping.writable;
		path.executable &= entry.mapping.executable;
		path.user &= entry.mapping.user;
		if (entry.kind == ENTRY_LEAF) {
			path.size = entry.mapping.size;
			path.phys = entry.mapping.phys | (address & (path.size - 1));
			*ret = path;
			return NULL;
		}
		table = entry.mapping.phys;
	}
	return dill_error_new_fault(address, "nothing is mapped at 0x%" PRIx64, address);
}

/** State of a range walk. */
struct range {
	const struct pagetable *tables;
	dill_virt first, last;
	struct dill_error *(*visit)(void *context, const struct mapping_run *run);
	void *context;
	struct mapping_run run; /**< not yet visited; empty when its size is 0 */
	unsigned tables_read;
};

static struct dill_error *flush_run(struct range *range)
{
	struct mapping_run run = range->run;

	range->run.size = 0;
	return run.size ? range->visit(range->context, &run) : NULL;
}

/** Add a page to the current run, or begin a new one; cut to the range. */
static struct dill_error *add_page(struct range *range, dill_virt address,
				   const struct mapping *mapping)
{
	struct mapping_run *run = &range->run;
	dill_virt last = address + (mapping->size - 1);
	dill_virt first = address < range->first ? range->first : address;
	dill_phys phys = mapping->phys + (first - address);

	if (last > range->last)
		last = range->last;
	if (run->size && run->first + run->size == first && run->phys + run->size == phys &&
	    run->writable == mapping->writable && run->executable == mapping->executable &&
	    run->user == mapping->user) {
		run->size += last - first + 1;
		return NULL;
	}
	TRY(flush_run(range));
	*run = (struct mapping_run){
		.first = first,
		.size = last - first + 1,
		.phys = phys,
		.writable = mapping->writable,
		.executable = mapping->executable,
		.user = mapping->user,
	};
	return NULL;
}

/** Announce the tables below @p page that the range will go through. */
static struct dill_error *prefetch_tables(struct range *range, const uint8_t *page, unsigned level,
					  unsigned from, unsigned to)
{
	uint64_t wanted[PAGETABLE_ENTRIES];
	const struct paging *paging = &range->tables->paging;
	size_t count = 0;

	if (!range->tables->prefetch)
		return NULL;
	for (unsigned i = from; i <= to; i++) {
		struct paging_entry entry = pagetable_entry(paging, page, i, level);

		if (entry.kind == ENTRY_TABLE)
			wanted[count++] = entry.mapping.phys;
	}
	return count > 1 ? range->tables->prefetch(range->tables->context, wanted, count) : NULL;
}

/** Borrow and copy a part of a table; @p ret_readable is false when it cannot be read. */
static struct dill_error *copy_part(struct range *range, dill_phys part, uint8_t *copy,
				    bool *ret_readable)
{
	const uint8_t *page;
	struct dill_error *error;

	if (range->tables_read++ >= PAGETABLE_TABLES_MAX)
		return dill_error_new(DILL_ERROR_LIMIT, "more than %u page tables",
				      PAGETABLE_TABLES_MAX);
	error = range->tables->read(range->tables->context, part, &page);
	*ret_readable = !error;
	if (error && error_is_fatal(error))
		return error;
	if (!error)
		memcpy(copy, page, DILL_PAGE_SIZE);
	dill_error_free(error);
	return NULL;
}

static struct dill_error *walk_table(struct range *range, dill_phys table, unsigned level,
				     dill_virt base, const struct mapping *above);

/**
 * Walk entries [@p from, @p to] of a table, all of which lie in one part of it.
 *
 * @param base    address of the table's first entry
 * @param above   permissions on the path to the table
 */
// NOLINTNEXTLINE(misc-no-recursion)
static struct dill_error *walk_part(struct range *range, dill_phys table, unsigned level,
				    dill_virt base, const struct mapping *above, unsigned from,
				    unsigned to)
{
	const struct paging *paging = &range->tables->paging;
	uint64_t span = paging_entry_size(paging, level);
	uint8_t page[DILL_PAGE_SIZE];
	bool readable = false;

	TRY(copy_part(range, pagetable_part(table, from), page, &readable));
	if (!readable)
		return NULL;
	TRY(prefetch_tables(range, page, level, from, to));
	for (unsigned i = from; i <= to; i++) {
		struct paging_entry entry = pagetable_entry(paging, page, i, level);

		entry.mapping.writable &= above->writable;
		entry.mapping.executable &= above->executable;
		entry.mapping.user &= above->user;
		if (entry.kind == ENTRY_LEAF)
			TRY(add_page(range, base + i * span, &entry.mapping));
		else if (entry.kind == ENTRY_TABLE)
			TRY(walk_table(range, entry.mapping.phys, level - 1, base + i * span,
				       &entry.mapping));
	}
	return NULL;
}

/** Walk the part of a table that lies in the range. Depth is bounded by the levels. */
// NOLINTNEXTLINE(misc-no-recursion)
static struct dill_error *walk_table(struct range *range, dill_phys table, unsigned level,
				     dill_virt base, const struct mapping *above)
{
	const struct paging *paging = &range->tables->paging;
	unsigned last = paging_entries(paging) - 1;
	dill_virt end = base + (paging_entry_size(paging, level) * last +
				(paging_entry_size(paging, level) - 1));
	unsigned from = range->first > base ? paging_index(paging, range->first, level) : 0;
	unsigned to = range->last < end ? paging_index(paging, range->last, level) : last;

	for (unsigned next; from <= to; from = next) {
		next = (from / PAGETABLE_ENTRIES + 1) * PAGETABLE_ENTRIES;
		TRY(walk_part(range, table, level, base, above, from, to < next ? to : next - 1));
	}
	return NULL;
}

struct dill_error *pagetable_runs(const struct pagetable *tables, dill_virt first, dill_virt last,
				  struct dill_error *(*visit)(void *context,
							      const struct mapping_run *run),
				  void *context)
{
	struct range range = {
		.tables = tables,
		.first = first,
		.last = last,
		.visit = visit,
		.context = context,
	};
	const struct mapping all = {.writable = true, .executable = true, .user = true};
	const struct paging *paging = &tables->paging;
	dill_virt base;

	if (first > last || !paging_translates(paging, first) || !paging_translates(paging, last) ||
	    (first >> 63) != (last >> 63))
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
				      "no range of one half of the address space");
	/* Entry i of the top table is base + i * size in both halves when the upper half's base is
	 * the wrapped one. */
	base = first >> 63 ? -(UINT64_C(1) << paging->table_bits) : 0;
	TRY(walk_table(&range, tables->root, paging->levels, base, &all));
	return flush_run(&range);
}
