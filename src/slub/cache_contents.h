/* SPDX-License-Identifier: MIT */
#ifndef SLUB_CACHE_CONTENTS_H
#define SLUB_CACHE_CONTENTS_H

#include "slub/sheaf.h"
#include "slub/slab_list.h"

/** What one CPU holds of a cache: in the per-CPU slab engine (to 6.19), in sheaves (since 6.18), or
 * both. */
struct cpu_contents {
	unsigned cpu;
	bool online;
	dill_virt address; /**< of its struct kmem_cache_cpu; 0 without the per-CPU slab engine */
	bool has_slab;
	bool broken; /**< kmem_cache_cpu could not be read, or its slab is none */
	const char
		*moving;  /**< why it may be half changed, as finding_place.moving; NULL at rest */
	struct slab slab; /**< the CPU's own slab, when has_slab */
	struct freelist lockless; /**< the CPU's freelist: handed out first */
	struct freelist
		remote; /**< the slab's own freelist: freed by other CPUs, handed out second */
	struct slab_list partial; /**< handed out third, in this order */
	struct cpu_sheaves sheaves;
};

/** What one node holds of a cache. */
struct node_contents {
	unsigned node;
	dill_virt address;   /**< of its struct kmem_cache_node; 0 on a node without memory */
	uint64_t nr_partial; /**< the kernel's own counters ... */
	bool has_totals;     /**< ... of which these two exist with SLUB_DEBUG only */
	uint64_t nr_slabs;
	uint64_t total_objects;
	struct slab_list partial;
	bool lists_full; /**< the kernel keeps a list of full slabs of this cache (STORE_USER) */
	struct slab_list full;
	const char *moving; /**< why the lists may be half changed; NULL at rest */
	struct barn barn;
};

/** Everything a cache holds, and the sums. */
struct contents {
	const struct cache *cache;
	struct cpu_contents *cpus;
	size_t cpu_count;
	struct node_contents *nodes;
	size_t node_count;
	bool has_totals;
	uint64_t slabs;	  /**< as num_slabs in /proc/slabinfo; valid with has_totals */
	uint64_t objects; /**< as num_objs */
	uint64_t active;  /**< as active_objs: all but the free objects of partial slabs on the
			     nodes' lists */
	uint64_t partial_slabs; /**< on the nodes' lists */
	uint64_t cpu_slabs;	/**< CPUs' own slabs and those on their partial lists */
	uint64_t cached;	/**< free objects on CPU freelists, in sheaves and in barns */
	uint64_t free;		/**< free objects on the freelists of slabs that are on a list */
	uint64_t rcu_sheaves;	/**< freed objects in the CPUs' sheaves that wait for RCU, without
				     those of KFENCE */
	bool incomplete;	/**< a list that can hold any object of the cache is broken */
	bool in_motion;		/**< a CPU was stopped while it changed the cache's lists */
	bool sound; /**< every freelist was followed, and nothing was found on the way: the sums
		       above are those of the objects on the lists */
};

#endif
