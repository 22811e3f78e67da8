/* SPDX-License-Identifier: MIT */
#ifndef SLUB_ORDER_H
#define SLUB_ORDER_H

#include "slub/places.h"

/** Which part of the kernel hands objects out. */
enum order_engine {
	ORDER_CPU_SLABS,       /**< each CPU's own slab, to 6.19 */
	ORDER_SHEAVES,	       /**< each CPU's sheaves, filled from partial slabs, since 7.0 */
	ORDER_SHEAVES_ON_CPUS, /**< sheaves that are filled from the CPU's slab, 6.18 and 6.19 */
	ORDER_SLABS, /**< slabs one object at a time: debug caches, caches without sheaves */
};

/** "cpu_slabs", "sheaves", ...: stable, as in JSON. */
const char *order_engine_name(enum order_engine engine);

/** One of the next objects. */
struct order_item {
	size_t position; /**< 0 = the next allocation; grows, with gaps for unknown objects */
	dill_virt object;
	struct place place; /**< where it is now */
	bool certain;	    /**< false: only if what the notes before it say comes true */
};

/** Why certainty changes. */
enum order_note_kind {
	NOTE_NEW_SLAB,	  /**< objects of slabs that do not exist yet */
	NOTE_OTHER_NODES, /**< by chance from another node's partial slabs, or from a new slab */
	NOTE_MAY_SLEEP,	  /**< holds for allocations that may sleep; others skip the refill */
	NOTE_NEW_SHEAF,	  /**< an empty sheaf is needed, itself an object of this cache */
	NOTE_BROKEN,	  /**< a list is broken here: what comes next is not known */
	NOTE_IN_MOTION,	  /**< a CPU was stopped while it changed these lists */
	NOTE_RESERVES,	  /**< slabs are left out that serve only emergencies */
	NOTE_OFFLINE,	  /**< nothing allocates on this CPU */
	NOTE_KFENCE,	  /**< KFENCE takes allocations for itself now and then */
	NOTE_KFENCE_DUE,  /**< the next allocation that KFENCE may guard is its */
};

/** "new_slab", "other_nodes", ...: stable, as in JSON. */
const char *order_note_name(enum order_note_kind kind);

/** From some position on. */
struct order_note {
	size_t position;
	size_t count; /**< of objects it is about; 0 = all from there on */
	enum order_note_kind kind;
	const char *text; /**< behind "from here on: " */
};

/** What a CPU will get from a cache. */
struct order {
	unsigned cpu, node; /**< the CPU's own node: its barn and partial slabs are used */
	enum order_engine engine;
	struct order_item *items; /**< by position */
	size_t count;
	struct order_note *notes; /**< by position, before the item there */
	size_t note_count;
};

/**
 * The next objects that allocations from a cache on one CPU get, in order, if nothing else happens
 * to the cache: no free, no allocation by an interrupt.
 *
 * Meant are allocations without a wish for a node. Nothing is guessed: where a new slab, another
 * node or a broken list decides, a note says so, and the objects behind it are left out, or are
 * uncertain.
 *
 * @param contents  of the cache, read with CONTENTS_FREELISTS
 * @param cpu       a possible CPU
 * @param limit     positions to predict, unknown ones included
 * @param arena     holds the result
 * @return NULL; UNSUPPORTED when a part that CPUs take from could not be found (kernels without
 * types); fatal errors
 *
 * Source: mm/slub.c ___slab_alloc(), get_partial_node() (to 6.19), __pcs_replace_empty_main()
 * (6.18), refill_objects(), get_partial_node_bulk() (7.0), get_from_partial_node() (7.0)
 */
DILL_MUST_CHECK struct dill_error *order_predict(struct heap *heap, const struct contents *contents,
						 unsigned cpu, size_t limit, struct arena *arena,
						 struct order *ret);

/** The node of a CPU, whose lists it uses; 0 without NUMA. NULL; BAD_DATA for one that cannot be.
 */
DILL_MUST_CHECK struct dill_error *order_cpu_node(struct heap *heap, unsigned cpu, unsigned *ret);

#endif
