/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_ROOTS_CPUS_H
#define KERNEL_ROOTS_CPUS_H

#include "base/error.h"
#include "base/span.h"

struct cpus;
struct kernel;
struct memory_map;
struct roots;

/* The per-CPU areas of a kernel whose symbols do not tell __per_cpu_offset. */

/** Note what in a part of the image may be __per_cpu_offset. */
DILL_MUST_CHECK struct dill_error *roots_see_offsets(struct roots *roots,
						     const struct memory_map *map, uint64_t first,
						     struct span bytes);

/**
 * Choose of what was noted: the array that holds what the CPUs have as GS base, else one whose
 * areas hold their own offset (this_cpu_off). A kernel without either is one without SMP.
 * @param ret  as cpus_load(): limit, offsets, possible, online
 */
DILL_MUST_CHECK struct dill_error *roots_cpus(struct kernel *kernel, struct cpus *ret);

#endif
