/* SPDX-License-Identifier: MIT */
#ifndef SLUB_SUPPLY_H
#define SLUB_SUPPLY_H

#include "base/array.h"
#include "slub/places.h"

/** A free object of a slab, and where it is. */
struct supply_item {
	dill_virt object;
	struct place place;
};

/** Why a supply ends. */
enum supply_end {
	SUPPLY_LIMIT,	    /**< enough was asked for */
	SUPPLY_NEW_SLAB,    /**< no free object is left: the page allocator is asked */
	SUPPLY_OTHER_NODES, /**< as before, or one of several other nodes */
	SUPPLY_BROKEN,	    /**< a list is broken there */
};

/** Free objects in the order in which slabs give them, without what sheaves do to that order. */
struct supply {
	ARRAY(struct supply_item) items;
	size_t limit;
	size_t chance; /**< index of the first one that comes from another node, if the kernel's
			  throw of the dice allows that; SIZE_MAX = none does */
	enum supply_end end;
	const char *broken; /**< for people, with SUPPLY_BROKEN */
	size_t reserved;    /**< slabs that were passed over: they serve only emergencies */
};

/** Who takes objects. */
struct supply_taker {
	const struct heap *heap;
	const struct contents *contents;
	const struct cpu_contents *cpu; /**< NULL for caches that keep nothing per CPU */
	unsigned node;			/**< the CPU's */
};

/**
 * The per-CPU slab engine: the CPU's freelist, its slab's freelist, its partial slabs, then slabs
 * of the node in bulk.
 * @param ret  limit is set, the rest 0; free with supply_deinit()
 */
DILL_MUST_CHECK struct dill_error *supply_from_cpu(const struct supply_taker *taker,
						   struct supply *ret);

/** One object at a time from the first partial slab of the node. */
DILL_MUST_CHECK struct dill_error *supply_from_slabs(const struct supply_taker *taker,
						     struct supply *ret);

/**
 * What fills sheaves: runs of @p batch objects in array order, each run taken from the node's
 * partial slabs in one go. Only the last run may be shorter.
 */
DILL_MUST_CHECK struct dill_error *supply_in_batches(const struct supply_taker *taker, size_t batch,
						     struct supply *ret);

void supply_deinit(struct supply *supply);

static inline void supply_deinitp(struct supply *supply)
{
	supply_deinit(supply);
}

#endif
