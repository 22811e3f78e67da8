/* SPDX-License-Identifier: MIT */
#ifndef SLUB_KASAN_PRIVATE_H
#define SLUB_KASAN_PRIVATE_H

#include <string.h>

#include "slub/kasan.h"

/**
 * Take a struct kasan_track apart.
 * @param bytes    a copy of it
 * @param address  where it was read, for findings
 * @param arena    holds the stack
 * @return NULL; fatal errors
 */
DILL_MUST_CHECK struct dill_error *kasan_track_parse(struct heap *heap, struct span bytes,
						     dill_virt address,
						     const struct finding_place *place,
						     struct arena *arena, struct findings *findings,
						     struct track *ret);

/** kasan_ring.c: as kasan_tracks_read(), on kernels whose KASAN works with tags. */
DILL_MUST_CHECK struct dill_error *kasan_ring_read(struct heap *heap, dill_virt object,
						   const struct finding_place *place,
						   struct arena *arena, struct findings *findings,
						   struct track *ret_alloc, struct track *ret_free);

#endif
