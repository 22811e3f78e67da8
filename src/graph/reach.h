/* SPDX-License-Identifier: MIT */
#ifndef GRAPH_REACH_H
#define GRAPH_REACH_H

#include "graph/anchors.h"

/** Who holds what: the shortest way to each object from outside of the heap. */
struct reach {
	const struct graph *graph;     /**< borrowed */
	const struct anchors *anchors; /**< borrowed */
	/** By object: how it was reached. REACH_ANCHOR and the place of an anchor; else the place
	 * of the edge that leads to it; REACH_NOT. */
	uint32_t *by;
	graph_index *from;	 /**< by object: whose edge that is; GRAPH_NONE for an anchor */
	uint64_t objects, bytes; /**< in use that were reached */
};

#define REACH_NOT UINT32_MAX

/**
 * Walk from all anchors along all edges, breadth first, from those of the image before others.
 * @param without  an object that leads nowhere: what is reached without it does not depend on it;
 *                 GRAPH_NONE = all do
 * @param ret      to be given to reach_deinit(), also after an error
 * @return NULL; fatal errors
 */
DILL_MUST_CHECK struct dill_error *reach_find(const struct graph *graph,
					      const struct anchors *anchors, graph_index without,
					      struct reach *ret);
void reach_deinit(struct reach *reach);

static inline void reach_deinitp(struct reach *reach)
{
	reach_deinit(reach);
}

static inline bool reach_has(const struct reach *reach, graph_index object)
{
	return reach->by[object] != REACH_NOT;
}

#endif
