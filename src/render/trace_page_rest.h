/* SPDX-License-Identifier: MIT */
#ifndef RENDER_TRACE_PAGE_REST_H
#define RENDER_TRACE_PAGE_REST_H

#include "base/strbuf.h"
#include "render/trace_page_names.h"

/**
 * Append ,"rest":[...]: how many of the objects that a page leaves out were alive, by cache, at up
 * to a thousand moments with equal distances, so that its curve counts them. One row is [time, time
 * until which nothing changes, cell, objects, bytes]; of the cell only the cache counts. An object
 * that lived between two such moments is in none. A row counts at its first moment, not at its
 * last.
 *
 * @param objects       indexes into totals->objects, ascending: what is not left out
 * @param object_count  how many
 */
DILL_MUST_CHECK struct dill_error *page_rest_append(const struct page_names *names,
						    const uint32_t *objects, size_t object_count,
						    struct strbuf *text);

#endif
