/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_TRACK_RECORD_H
#define COMMAND_TRACK_RECORD_H

#include "kernel/kernel.h"
#include "render/track_view.h"
#include "slub/track.h"

/** What a track's `when` counts, and whether it tells a CPU. */
enum track_source {
	TRACK_OF_SLUB,	     /**< slub_debug=U: CPU, time in jiffies */
	TRACK_OF_KFENCE,     /**< CPU, time in nanoseconds since boot */
	TRACK_OF_OLD_KFENCE, /**< before 5.17: neither */
};

/**
 * Append a track as a record, for record_set_records(); nothing when it was never recorded.
 * @param event  "alloc" or "free"
 * @param track  may be NULL
 */
DILL_MUST_CHECK struct dill_error *track_append(struct kernel *kernel, struct arena *arena,
						const char *event, const struct track *track,
						enum track_source source, struct record_list *list);

#endif
