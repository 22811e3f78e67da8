/* SPDX-License-Identifier: MIT */
#ifndef RENDER_TRACE_PAGE_NAMES_H
#define RENDER_TRACE_PAGE_NAMES_H

#include "base/strbuf.h"
#include "store/totals.h"

/** Names that got an index of their own in the page, as only those that are wanted are in it. */
struct name_list {
	uint32_t *index_of;	/* of the totals' index: the page's plus 1; 0 = not wanted yet */
	ARRAY(uint32_t) wanted; /* the other way round */
};

/**
 * Cells of a page, and the names that they and others refer to. Past a limit the cells with the
 * fewest events become one, "(others)".
 */
struct page_names {
	const struct trace_totals *totals;
	struct name_list caches, callers, processes, threads;
	uint32_t *cell_index; /* of the totals' cell: the page's */
	uint32_t *order;      /* of the page's cell: the totals'; the kept ones */
	size_t kept;
	bool failed; /* memory ran out; page_names_append() tells the text */
};

DILL_MUST_CHECK struct dill_error *page_names_init(const struct trace_totals *totals,
						   size_t cells_max, struct page_names *ret);
void page_names_deinit(struct page_names *names);

/** The page's index of a cell, cache, caller, process (of totals) or thread (of totals->names). */
int64_t page_names_cell(const struct page_names *names, uint32_t cell);
int64_t page_names_cache(struct page_names *names, uint32_t cache);
int64_t page_names_caller(struct page_names *names, uint32_t caller);
int64_t page_names_process(struct page_names *names, uint32_t process);
int64_t page_names_thread(struct page_names *names, uint32_t thread);

/** Append the cells and all names that were asked for, as members of an object; comes last. */
void page_names_append(struct page_names *names, struct strbuf *text);

#endif
