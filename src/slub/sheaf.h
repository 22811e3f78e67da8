/* SPDX-License-Identifier: MIT */
#ifndef SLUB_SHEAF_H
#define SLUB_SHEAF_H

#include "slub/list.h"
#include "slub/reading.h"

/**
 * A sheaf: an array of free objects (mm/slub.c struct slab_sheaf, since 6.18).
 *
 * Only the first `size` entries count. The kernel does not clear an entry when it hands its object
 * out, so what stands above is the history of allocations and never a free object.
 */
struct sheaf {
	dill_virt address;	  /**< 0 = there is none */
	uint32_t size;		  /**< valid entries */
	const dill_virt *objects; /**< in array order: handed out from the last to the first */
	uint32_t kfence; /**< of a sheaf that waits for RCU: entries that are KFENCE's, which
			    no counter of the cache counts */
	bool broken;	 /**< has a finding: what it holds is not known */
};

struct sheaf_list {
	struct sheaf *items;
	size_t count;
	bool broken; /**< the list has a finding: there may be more */
};

/** The sheaves of one CPU (struct slub_percpu_sheaves). */
struct cpu_sheaves {
	dill_virt address; /**< 0 = this cache has no sheaves */
	bool broken;	   /**< could not be read */
	const char
		*moving; /**< why they may be half changed, as finding_place.moving; NULL at rest */
	struct sheaf main; /**< allocated from first */
	struct sheaf spare;
	struct sheaf rcu_free; /**< freed by kfree_rcu(), not yet given to call_rcu(): waiting */
};

/** The sheaves that a node keeps for its CPUs (struct node_barn). */
struct barn {
	dill_virt address;	    /**< 0 = none */
	bool broken;		    /**< could not be read */
	const char *moving;	    /**< the same of the barn */
	uint32_t nr_full, nr_empty; /**< the kernel's own counters */
	struct sheaf_list full;	    /**< in list order, which is the order of use */
	struct sheaf_list empty;    /**< normally without objects */
};

/** Most entries of a sheaf that are believed: the kernel's own sheaves have 60 at most, explicitly
 * sized ones a few hundred. */
#define SHEAF_OBJECTS_MAX 4096u

/** More than sizeof(struct slab_sheaf), slub_percpu_sheaves and node_barn of any configuration. */
#define SHEAF_STRUCT_MAX 256u

/** Bytes of such a struct that are read. */
static inline size_t sheaf_bytes_bounded(uint64_t size)
{
	return size && size < SHEAF_STRUCT_MAX ? (size_t)size : SHEAF_STRUCT_MAX;
}

/**
 * Read one sheaf of the cache: with CONTENTS_COUNTS only how many objects it has.
 *
 * @param slot    address of the pointer that leads there, and may be what is wrong; 0 when it is
 * right
 * @param limit   most objects it can hold
 * @param what    "main sheaf", for findings
 * @return NULL; fatal errors. What is impossible becomes a finding, and `broken` is true.
 */
DILL_MUST_CHECK struct dill_error *sheaf_read(const struct reading *reading, dill_virt address,
					      dill_virt slot, uint32_t limit, const char *what,
					      struct sheaf *ret);

/** Bytes of struct slub_percpu_sheaves up to the last member that dill reads, in whatever order the
 * kernel has them. */
size_t cpu_sheaves_bytes(const struct layout *layout);

#endif
