/* SPDX-License-Identifier: MIT */
#include "kernel/pagetable.h"

#include <inttypes.h>
#include <string.h>

enum {
	BIT_PRESENT = 1 << 0,
	BIT_WRITABLE = 1 << 1,
	BIT_USER = 1 << 2,
	BIT_LARGE = 1 << 7,
};
#define BIT_NO_EXECUTE (UINT64_C(1) << 63)

unsigned pagetable_index(dill_virt address, unsigned level)
{
	return (unsigned)(address >> (12 + 9 * (level - 1))) % PAGETABLE_ENTRIES;
}

uint64_t pagetable_entry_size(unsigned level)
{
	return UINT64_C(1) << (12 + 9 * (level - 1));
}

bool pagetable_canonical(dill_virt address, unsigned levels)
{
	unsigned unused = 64 - (12 + 9 * levels);

	return (dill_virt)((int64_t)(address << unused) >> unused) == address;
}

struct entry entry_decode(uint64_t raw, unsigned level)
{
	struct entry entry = {.kind = ENTRY_ABSENT};

	if (!(raw & BIT_PRESENT))
		return entry;
	entry.mapping = (struct mapping){
		.phys = raw & PAGETABLE_ADDRESS_MASK,
		.size = pagetable_entry_size(level),
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

static uint64_t table_word(const uint8_t *table, unsigned index)
{
	uint64_t word;

	memcpy(&word, table + index * sizeof(word), sizeof(word));
	return word;
}

struct dill_error *pagetable_walk(const struct pagetable *tables, dill_virt address,
				  struct mapping *ret)
{
	struct mapping path = {.writable = true, .executable = true, .user = true};
	dill_phys table = tables->root;

	if (!pagetable_canonical(address, tables->levels))
		return dill_error_new_fault(address, "0x%" PRIx64 " is not a canonical address",
					    address);
	for (unsigned level = tables->levels; level; level--) {
		const uint8_t *page;
		struct entry entry;

		TRY(tables->read(tables->context, table, &page));
		entry = entry_decode(table_word(page, pagetable_index(address, level)), level);
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
	size_t count = 0;

	if (!range->tables->prefetch)
		return NULL;
	for (unsigned i = from; i <= to; i++) {
		struct entry entry = entry_decode(table_word(page, i), level);

		if (entry.kind == ENTRY_TABLE)
			wanted[count++] = entry.mapping.phys;
	}
	return count > 1 ? range->tables->prefetch(range->tables->context, wanted, count) : NULL;
}

/** Borrow and copy a table; @p ret_readable is false when it cannot be read. */
static struct dill_error *copy_table(struct range *range, dill_phys table, uint8_t *copy,
				     bool *ret_readable)
{
	const uint8_t *page;
	struct dill_error *error;

	if (range->tables_read++ >= PAGETABLE_TABLES_MAX)
		return dill_error_new(DILL_ERROR_LIMIT, "more than %u page tables",
				      PAGETABLE_TABLES_MAX);
	error = range->tables->read(range->tables->context, table, &page);
	*ret_readable = !error;
	if (error && error_is_fatal(error))
		return error;
	if (!error)
		memcpy(copy, page, DILL_PAGE_SIZE);
	dill_error_free(error);
	return NULL;
}

/**
 * Walk the part of a table that lies in the range. Depth is bounded by the levels.
 *
 * @param base    address of the table's first entry
 * @param above   permissions on the path to the table
 */
// NOLINTNEXTLINE(misc-no-recursion)
static struct dill_error *walk_table(struct range *range, dill_phys table, unsigned level,
				     dill_virt base, const struct mapping *above)
{
	uint8_t page[DILL_PAGE_SIZE];
	uint64_t span = pagetable_entry_size(level);
	dill_virt end = base + (span * PAGETABLE_ENTRIES - 1);
	unsigned from = range->first > base ? pagetable_index(range->first, level) : 0;
	unsigned to =
		range->last < end ? pagetable_index(range->last, level) : PAGETABLE_ENTRIES - 1;
	bool readable = false;

	TRY(copy_table(range, table, page, &readable));
	if (!readable)
		return NULL;
	TRY(prefetch_tables(range, page, level, from, to));
	for (unsigned i = from; i <= to; i++) {
		struct entry entry = entry_decode(table_word(page, i), level);

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
	unsigned level = tables->levels;
	dill_virt base;

	if (first > last || !pagetable_canonical(first, level) ||
	    !pagetable_canonical(last, level) || (first >> 63) != (last >> 63))
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
				      "no range of one half of the address space");
	/* Entry i of the top table is base + i * size in both halves when the upper half's base is
	 * the wrapped one. */
	base = first >> 63 ? -(pagetable_entry_size(level) * PAGETABLE_ENTRIES) : 0;
	TRY(walk_table(&range, tables->root, level, base, &all));
	return flush_run(&range);
}
