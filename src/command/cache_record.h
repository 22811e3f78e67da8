/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_CACHE_RECORD_H
#define COMMAND_CACHE_RECORD_H

#include "render/cache_view.h"
#include "slub/contents.h"

/** Whether records name every object, or only say how many there are. */
enum cache_record_detail { CACHE_RECORD_COUNTS, CACHE_RECORD_OBJECTS };

/** A row of the table of caches. */
DILL_MUST_CHECK struct dill_error *cache_row_record(const struct heap *heap,
						    const struct contents *contents,
						    struct arena *arena, struct record **ret);
/** A cache with all it holds, cut to @p filter. */
DILL_MUST_CHECK struct dill_error *cache_detail_record(const struct heap *heap,
						       const struct contents *contents,
						       const struct contents_filter *filter,
						       enum cache_record_detail detail,
						       struct arena *arena, struct record **ret);

#endif
