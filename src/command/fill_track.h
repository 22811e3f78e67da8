/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_FILL_TRACK_H
#define COMMAND_FILL_TRACK_H

#include "answer/heap_words.h"
#include "answer/track_record.h"
#include "kernel/kernel.h"
#include "slub/tracks.h"

/**
 * Append a track as a record, for record_set_records(); nothing when it was never recorded.
 * @param event  EVENT_ALLOC or EVENT_FREE
 * @param track  may be NULL
 */
DILL_MUST_CHECK struct dill_error *track_append(struct kernel *kernel, struct arena *arena,
						enum event_word event, const struct track *track,
						struct record_list *list);

#endif
