/* SPDX-License-Identifier: MIT */
#ifndef SLUB_CPU_SLABS_H
#define SLUB_CPU_SLABS_H

#include "slub/cache_contents.h"

/** Every CPU's slab and partial slabs; does nothing for caches without the per-CPU
 * slab engine. */
DILL_MUST_CHECK struct dill_error *cpu_slabs_read(const struct reading *reading,
						  struct contents *contents, size_t count);

/**
 * Why a struct kmem_cache_cpu may be half changed, as finding_place.moving: its lock
 * is held, or, where it has none that tells, the CPU was stopped inside what changes it. A question
 * to the target: ask only when something does not fit.
 * @param cache  whose struct; NULL = of no one in particular, the lock is not asked
 * @param ret    NULL at rest
 */
DILL_MUST_CHECK struct dill_error *cpu_slab_moves(struct heap *heap, const struct cache *cache,
						  unsigned cpu, const char **ret);

#endif
