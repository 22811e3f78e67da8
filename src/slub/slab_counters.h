/* SPDX-License-Identifier: MIT */
#ifndef SLUB_SLAB_COUNTERS_H
#define SLUB_SLAB_COUNTERS_H

#include "slub/heap.h"

/**
 * What the kernel counts as slab memory on one node, in bytes: slabs and blocks of large kmalloc().
 * In /proc/meminfo these are SReclaimable and SUnreclaim, there without what CPUs have not added
 * yet, which is in here.
 */
struct slab_counters {
	uint64_t reclaimable, unreclaimable;
};

/** Those of all nodes. */
struct node_counters {
	struct slab_counters *nodes; /**< by number of the node, kernel_node_limit() of them */
	unsigned count;
	struct slab_counters all;
	const char *why; /**< why they are not known; NULL when they are */
};

/**
 * Read them from each node's struct pglist_data and each CPU's share of it.
 * @param ret  lives in @p arena; `why` tells what is missing
 * @return NULL; fatal errors
 *
 * Source: mm/vmstat.c __mod_node_page_state(); they are kept in pages, also since they are counted
 * in bytes for cgroups (5.9)
 */
DILL_MUST_CHECK struct dill_error *slab_counters_read(struct heap *heap, struct arena *arena,
						      struct node_counters *ret);

#endif
