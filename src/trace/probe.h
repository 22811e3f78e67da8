/* SPDX-License-Identifier: MIT */
#ifndef TRACE_PROBE_H
#define TRACE_PROBE_H

#include "base/arena.h"
#include "kernel/kernel.h"
#include "trace/event.h"

/** What a call of an allocator's function does. */
enum probe_kind {
	PROBE_ALLOC,
	PROBE_ALLOC_BULK,
	PROBE_FREE,
	PROBE_FREE_BULK,
	PROBE_FREE_SHEAF, /**< all objects of a sheaf, after a grace period */
	PROBE_FREE_HEAD,  /**< the object that a struct rcu_head lies in, after a grace period */
	PROBE_REQUEST,	  /**< kfree_rcu() */
};

/** What an argument means. */
enum probe_role {
	ROLE_SIZE, /**< bytes wanted, or objects of a bulk call */
	ROLE_CACHE,
	ROLE_GFP,
	ROLE_CALLER, /**< whom to blame instead of the return address */
	ROLE_OBJECT,
	ROLE_ARRAY, /**< of pointers to objects */
	ROLE_COUNT,
};

/** How a CPU that stands at a probe goes on without executing what is there. */
enum probe_first {
	FIRST_STEP, /**< it must execute it */
	FIRST_SKIP, /**< the instruction does nothing, or only jumps: go on at `next` */
};

/** An entry point of the allocator in this kernel. */
struct probe {
	const char *function; /**< the symbol */
	enum probe_kind kind;
	unsigned flags;	   /**< set of enum probe_flag */
	dill_virt address; /**< where the breakpoint goes: behind an endbr64 */
	enum probe_first first;
	dill_virt next;
	uint32_t result_mask; /**< bits of a bulk call's result that mean something */
	/** Register of each argument, by role; -1 = there is none. */
	int8_t arguments[ROLE_COUNT];
};

/** Bits of probe.flags. */
enum probe_flag {
	/** From the page allocator. Other functions call it for sizes that no cache has. */
	PROBE_LARGE = 1 << 0,
	/** May leave the work to another probe, or get memory that is no slab's. */
	PROBE_OUTER = 1 << 1,
	/** Is kfree_rcu() only where the second argument is a distance. It is called for much else,
	 * and so looked for only in kernels where nothing else is called by kfree_rcu(). */
	PROBE_DISTANCE = 1 << 2,
};

struct probe_list {
	struct probe *items;
	size_t count;
	/** "__kmalloc_noprof, kfree": functions that this kernel has and whose calls are not seen,
	 * because their arguments are not understood; NULL = none. */
	const char *untraced;
};

/**
 * Look up every entry point that this kernel has. Arguments are found by their types and names, so
 * that a kernel may add or move some.
 *
 * @param arena  holds the result
 * @return NULL; UNSUPPORTED when there is no way to see allocations or frees; what the types failed
 * with
 */
DILL_MUST_CHECK struct dill_error *probes_find(struct kernel *kernel, struct arena *arena,
					       struct probe_list *ret);

/** Leave out the probes that see none of these events; @p kinds is a set of 1 << enum trace_kind.
 */
void probes_keep(struct probe_list *list, unsigned kinds);

/** The probe whose breakpoint is at @p address, or NULL. */
const struct probe *probe_at(const struct probe_list *list, dill_virt address);

/**
 * How to pass an instruction without executing it.
 * @param code  what lies at @p address; a few bytes
 * @param ret_next  where to go on, for FIRST_SKIP
 */
enum probe_first probe_decode(struct span code, dill_virt address, dill_virt *ret_next);

#endif
