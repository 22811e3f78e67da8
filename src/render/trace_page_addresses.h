/* SPDX-License-Identifier: MIT */
#ifndef RENDER_TRACE_PAGE_ADDRESSES_H
#define RENDER_TRACE_PAGE_ADDRESSES_H

#include "base/strbuf.h"
#include "store/totals.h"

/** The addresses of a page's objects, each once: objects that had the same one share a line. */
struct page_addresses {
	dill_virt *addresses; /**< ascending */
	uint32_t *line_of;    /**< by place in the page's list of objects: index into addresses */
	size_t count;
};

/**
 * Collect them.
 * @param objects       indexes into totals->objects
 * @param object_count  how many
 * @param ret           to be ended with page_addresses_deinit(), also after an error
 */
DILL_MUST_CHECK struct dill_error *page_addresses_init(const struct trace_totals *totals,
						       const uint32_t *objects, size_t object_count,
						       struct page_addresses *ret);
void page_addresses_deinit(struct page_addresses *addresses);

/** Append ,"addresses":"16 digits of each, nothing between". */
void page_addresses_append(const struct page_addresses *addresses, struct strbuf *text);

#endif
