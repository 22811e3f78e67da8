/* SPDX-License-Identifier: MIT */
#ifndef GRAPH_ANCHORS_H
#define GRAPH_ANCHORS_H

#include "graph/objects.h"

/** Where a word outside of the heap stands that leads to an object. */
enum anchor_kind {
	ANCHOR_IMAGE,	/**< data of the kernel image */
	ANCHOR_PAGE,	/**< any other page that the kernel uses: per-CPU data, stacks, modules,
			   vmalloc */
	ANCHOR_MAP,	/**< a struct page */
	ANCHOR_WAITING, /**< an object that was freed and waits, for RCU say */
	ANCHOR_KINDS,
};

struct anchor {
	dill_virt address; /**< of the word: in the direct map, the image or the map of memory */
	graph_index to;
	uint32_t delta;
	uint32_t kind; /**< enum anchor_kind */
};

/**
 * All words outside of the heap that lead to its objects, without a look at what they are for: of
 * all pages but those of slabs, free ones and what users and files have, and of the struct pages.
 * A number that happens to be an address holds an object, too: what is found to be lost is rather
 * too little.
 */
struct anchors {
	ARRAY(struct anchor) items; /**< by kind, then in order of address */
	uint64_t pages;		    /**< that were looked at */
	uint64_t unreadable; /**< of them, what could not be read: nothing is known to be lost */
};

/**
 * Find them.
 * @param ret  to be given to anchors_deinit(), also after an error
 * @return NULL; UNSUPPORTED when struct page is not known; LIMIT; fatal errors
 */
DILL_MUST_CHECK struct dill_error *anchors_find(const struct graph *graph, struct anchors *ret);
void anchors_deinit(struct anchors *anchors);

static inline void anchors_deinitp(struct anchors *anchors)
{
	anchors_deinit(anchors);
}

#endif
