/* SPDX-License-Identifier: MIT */
#ifndef SLUB_LIST_H
#define SLUB_LIST_H

#include "base/array.h"
#include "slub/heap.h"

/**
 * A walk over one list_head of the target, checked link by link.
 *
 * A node is accepted only when its back link names the node before it, so a walk cannot go round in
 * a circle. Where the list breaks, the rest is collected from the other end, and then a finding
 * says which link is the wrong one: where both ends meet shows what it should be.
 */
struct list_walk {
	dill_virt head;		    /**< address of the list_head that anchors the list */
	struct finding_place place; /**< for findings */
	const char *what;	    /**< "partial list", for findings */
	size_t limit;		    /**< nodes that are followed; 0 = LIST_NODES_MAX */
	ARRAY(dill_virt) nodes;	    /**< out: addresses of the links, in list order */
	bool broken;		    /**< out: the list has a finding; nodes may be missing */
	/* the rest belongs to list.c */
	dill_virt at, back_at;
	size_t forward_count;
	dill_virt ahead; /* where the forward link of `at` leads, when that broke the list */
	bool unreadable; /* `ahead` is */
	uint64_t ahead_prev;
	enum { LIST_FORWARD, LIST_BACKWARD, LIST_DONE } state;
};

/** Longest list that is followed: far more slabs than a machine of today holds in one cache. Of a
 * longer one the first nodes are given, with a finding. */
#define LIST_NODES_MAX ((size_t)1 << 24)

/**
 * Collect the nodes of @p count lists side by side, so that a slow target is asked for the next
 * node of all lists in one round trip.
 * @param walks  head, place, what and limit are set; free each with list_walk_deinit()
 * @return NULL; fatal errors
 */
DILL_MUST_CHECK struct dill_error *lists_collect(struct heap *heap, struct list_walk *walks,
						 size_t count, struct findings *findings);
void list_walk_deinit(struct list_walk *walk);

static inline void list_walk_deinitp(struct list_walk *walk)
{
	list_walk_deinit(walk);
}

#endif
