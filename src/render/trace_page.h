/* SPDX-License-Identifier: MIT */
#ifndef RENDER_TRACE_PAGE_H
#define RENDER_TRACE_PAGE_H

#include "base/strbuf.h"
#include "store/totals.h"

/** How much of a trace a page holds; what is more is left out, and the page says so. */
struct trace_page_limits {
	size_t objects; /**< bars */
	size_t cells;	/**< combinations of cache, caller and process; the rest becomes one */
	size_t rows;	/**< double frees, and slabs */
};

/** Pages of some 25 MB at most, which browsers draw fluently. */
extern const struct trace_page_limits trace_page_limits;

/**
 * Append one self-contained HTML page: objects over time, tables, filters. It loads nothing. Texts
 * of the trace are data of a script element that is not run, without "<".
 *
 * @param ret_objects  objects that the page has as bars; may be NULL
 */
DILL_MUST_CHECK struct dill_error *trace_page_append(const struct trace_totals *totals,
						     const struct trace_page_limits *limits,
						     struct strbuf *text, size_t *ret_objects);

#endif
