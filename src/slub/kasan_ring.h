/* SPDX-License-Identifier: MIT */
#ifndef SLUB_KASAN_RING_H
#define SLUB_KASAN_RING_H

#include "slub/reading.h"
#include "slub/track.h"

/** As kasan_tracks_read(), on kernels whose KASAN works with tags. */
DILL_MUST_CHECK struct dill_error *kasan_ring_read(const struct reading *reading, dill_virt object,
						   struct track *ret_alloc, struct track *ret_free);

#endif
