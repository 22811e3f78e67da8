/* SPDX-License-Identifier: MIT */
#ifndef SLUB_PLACE_H
#define SLUB_PLACE_H

#include <dill/target.h>

/** What an object is. */
enum object_state {
	OBJECT_LIVE,	/**< allocated: on no list, and every list that could hold it was read */
	OBJECT_CACHED,	/**< free, on a CPU's freelist, in a sheaf or in a barn */
	OBJECT_FREE,	/**< free, on the freelist of its slab */
	OBJECT_WAITING, /**< freed, but not yet to be had again */
	OBJECT_UNKNOWN, /**< found nowhere, but a list that could hold it is broken or unreadable */
	OBJECT_STATES,
};

/** "live", "cached", ...: stable, as in JSON. */
const char *object_state_name(enum object_state state);

/** Where a freed object is. */
enum place_kind {
	PLACE_NONE,	      /**< on no list */
	PLACE_CPU_FREELIST,   /**< the lockless freelist of a CPU's slab */
	PLACE_MAIN_SHEAF,     /**< a CPU's main sheaf */
	PLACE_SPARE_SHEAF,    /**< a CPU's spare sheaf */
	PLACE_BARN,	      /**< a sheaf in a node's barn */
	PLACE_LOOSE_SHEAF,    /**< a sheaf that someone has taken for itself (prefilled) */
	PLACE_CPU_SLAB,	      /**< the slab freelist of a CPU's slab */
	PLACE_CPU_PARTIAL,    /**< the freelist of a slab on a CPU's partial list */
	PLACE_NODE_PARTIAL,   /**< the freelist of a slab on a node's partial list */
	PLACE_NODE_FULL,      /**< the freelist of a slab on a node's list of full slabs */
	PLACE_UNLISTED_SLAB,  /**< the freelist of a slab that is on no list: in motion */
	PLACE_RCU_SHEAF,      /**< a CPU's sheaf that fills up with kfree_rcu() */
	PLACE_CALL_RCU,	      /**< a sheaf that waits for a grace period */
	PLACE_KFREE_RCU,      /**< a CPU's batch of kfree_rcu() */
	PLACE_KFREE_CALLBACK, /**< kfree_rcu() without batches: a callback of RCU by itself */
	PLACE_DEFERRED,	      /**< freed where no lock could be taken (kfree_nolock()) */
	PLACE_RCU_DELAYED,    /**< its cache's memory is type-safe: freed after a grace period, so
				 that debugging sees who uses it later (SLUB_RCU_DEBUG) */
	PLACE_QUARANTINE,     /**< KASAN keeps it from reuse */
	PLACE_DYING_SLAB,     /**< its whole slab goes back after a grace period */
	PLACE_KINDS,
};

/** "cpu_freelist", "main_sheaf", ...: stable, as in JSON. */
const char *place_kind_name(enum place_kind kind);
/** The state of an object in such a place; OBJECT_LIVE for PLACE_NONE. */
enum object_state place_state(enum place_kind kind);

/** One place on one list. */
struct place {
	enum place_kind kind;
	int cpu, node;	     /**< whose list; -1 = nobody's */
	uint32_t list;	     /**< number of the sheaf in its barn, of the slab on its list */
	uint32_t position;   /**< slot of a sheaf; place on a freelist, 0 = handed out first */
	dill_virt container; /**< sheaf, slab descriptor or page of pointers */
	const char *moving;  /**< why the list may be half changed, as finding_place.moving */
};

#endif
