/* SPDX-License-Identifier: MIT */
#ifndef SLUB_KASAN_TRACK_H
#define SLUB_KASAN_TRACK_H

#include "slub/reading.h"
#include "slub/track.h"

/* More than sizeof(struct kasan_track) of any configuration. */
#define KASAN_TRACK_MAX 64u

/**
 * Take a struct kasan_track apart.
 * @param bytes    a copy of it
 * @param address  where it was read, for findings
 * @return NULL; fatal errors
 */
DILL_MUST_CHECK struct dill_error *kasan_track_parse(const struct reading *reading,
						     struct span bytes, dill_virt address,
						     struct track *ret);

/**
 * Find the innermost function of a track's stack that is none of the allocator's.
 * @return NULL, with `caller` 0 when there is none; fatal errors
 */
DILL_MUST_CHECK struct dill_error *kasan_track_find_caller(struct heap *heap, struct track *track);

#endif
