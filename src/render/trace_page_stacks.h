/* SPDX-License-Identifier: MIT */
#ifndef RENDER_TRACE_PAGE_STACKS_H
#define RENDER_TRACE_PAGE_STACKS_H

#include "store/totals.h"

/** The backtraces that a page shows, numbered as its objects name them. */
struct page_stacks {
	const struct trace_totals *totals;
	uint32_t *place_of; /**< by index of totals->stacks: its number + 1 */
	uint32_t *frame_of; /**< by symbol: its number + 1 */
	ARRAY(uint32_t) stacks;
	ARRAY(uint32_t) frames;
};

DILL_MUST_CHECK struct dill_error *page_stacks_init(struct page_stacks *page,
						    const struct trace_totals *totals);
void page_stacks_deinit(struct page_stacks *page);

/** Make sure that a backtrace is shown; STORED_NONE is none. */
DILL_MUST_CHECK struct dill_error *page_stacks_use(struct page_stacks *page, uint32_t stack);
/** The number of a backtrace that is shown; -1 for STORED_NONE. */
int64_t page_stacks_place(const struct page_stacks *page, uint32_t stack);
/** Append ,"frames":[names],"stacks":[[numbers of frames, innermost first]]. */
void page_stacks_append(const struct page_stacks *page, struct strbuf *text);

#endif
