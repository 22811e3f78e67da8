/* SPDX-License-Identifier: MIT */
#ifndef SOLVE_SOLUTION_H
#define SOLVE_SOLUTION_H

#include "kernel/kernel.h"
#include "types/members.h"

/**
 * The layout of a kernel's slab heap, solved from its memory: for kernels without types of their
 * own, and without a file that has them.
 *
 * Each member is found by a rule (src/solve/rule_*.c) that every instance in the heap votes on. A
 * member is taken when SOLVE_PERCENT of the votes are for it and no other candidate has as many;
 * else it is absent. No rule knows a release.
 */

/** Of all votes so many must be for a candidate: heaps may be damaged. */
#define SOLVE_PERCENT 97u
/** Fewer votes decide nothing. */
#define SOLVE_VOTES_MIN 3u

/** What one rule has found. */
struct solved {
	const char *id;	      /**< of the MEMBER in slub/layout.def or kernel/members.def */
	struct member member; /**< not present: left open */
	unsigned good, all;   /**< votes for it, votes in all */
	const char *voters;   /**< plural noun: "caches", "freelists" */
	unsigned candidates;  /**< how many places had enough votes; 1 = it was found */
};

/** How a slab's page says that it is one. */
enum solved_mark {
	SOLVED_MARK_NONE, /**< not found */
	SOLVED_MARK_FLAG, /**< a bit of page.flags */
	SOLVED_MARK_MASK, /**< a bit of page.page_type, cleared */
	SOLVED_MARK_BYTE, /**< top byte of page.page_type */
};

#define SOLVED_MAX 128u

/** All of it. */
struct solution {
	struct solved items[SOLVED_MAX];
	size_t count;
	dill_virt slab_caches; /**< head of the list of caches */
	uint64_t cache_struct_size, node_struct_size, cpu_struct_size, page_struct_size;
	uint64_t krw_struct_size;    /**< of a batch of kfree_rcu(); 0 = not known */
	uint64_t kfence_struct_size; /**< of a record of KFENCE's; 0 = not known */
	uint32_t kfence_freed; /**< state of KFENCE's objects that are free; 0 = it is not known */
	uint64_t per_node_stride; /**< as layout.per_node_stride */
	unsigned node_bits; /**< of a page's flags, the topmost, that hold its node; 0 = unknown */
	enum solved_mark mark;
	uint32_t mark_value;	 /**< bit number, mask or byte */
	bool no_red_zones;	 /**< no cache has one in front of its objects */
	bool all_debug;		 /**< all caches have debugging: CPUs have nothing of them */
	bool no_sheaves;	 /**< CPUs could have sheaves, but no cache has any */
	bool flags_are_numbered; /**< bits of kmem_cache.flags are counted from 0 as since 6.9 */
};

/**
 * Solve the heap's layout. What the kernel's symbols and page tables did not tell of its memory map
 * and CPUs is given to the kernel on the way.
 * @param ret  from malloc, the caller's
 * @return NULL; UNSUPPORTED with what is missing when the heap's skeleton (list of caches, sizes,
 * nodes, slabs) cannot be found; fatal errors
 */
DILL_MUST_CHECK struct dill_error *solve_heap(struct kernel *kernel, struct solution **ret);

/**
 * Name the allocator of a kernel that has another one than SLUB.
 * @param look  look in memory as well, where its functions' names do not tell: when no heap of
 * SLUB's was found there
 * @return NULL when nothing says that it has another one; UNSUPPORTED with its name and what tells;
 * fatal errors
 */
DILL_MUST_CHECK struct dill_error *solve_other_allocator(struct kernel *kernel, bool look);

/** The source that a solution is; it must outlive it. */
struct member_source members_of_solution(struct solution *solution);

/** What was found of @p id; NULL when no rule looks for it. */
const struct solved *solution_find(const struct solution *solution, const char *id);
/** Whether a member was found. */
bool solution_has(const struct solution *solution, const char *id);

#endif
