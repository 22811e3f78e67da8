/* SPDX-License-Identifier: MIT */
#include "solve/solver.h"

/*
 * What SLUB_DEBUG keeps of a node: how many slabs and objects it has, and the list of full slabs
 * behind the two. All slabs of a cache have as many objects, but for those of the smallest order.
 */

/* Bytes of a struct kmem_cache_node that are looked at, where the size is not known. */
#define NODE_BYTES 0x80u

static uint32_t node_bytes(const struct solver *solver)
{
	uint64_t size = solver->solution->node_struct_size;

	return size && size < NODE_BYTES ? (uint32_t)size : NODE_BYTES;
}

static enum vote counts(struct solver *solver, const struct solve_cache *cache, dill_virt node,
			uint32_t at)
{
	uint64_t slabs, objects;

	if (!solver_word(solver, node + at, &slabs) ||
	    !solver_word(solver, node + at + 8, &objects))
		return VOTE_AGAINST;
	if (!slabs && !objects)
		return VOTE_NONE;
	return slabs && slabs < UINT32_MAX && objects == slabs * (cache->oo & 0xffff)
		       ? VOTE_FOR
		       : VOTE_AGAINST;
}

static enum vote is_full_list(struct solver *solver, dill_virt node, uint32_t at)
{
	dill_virt head = node + at;
	uint64_t next, prev;

	if (!solver_word(solver, head, &next) || !solver_word(solver, head + 8, &prev))
		return VOTE_AGAINST;
	if (next == head)
		return prev == head ? VOTE_FOR : VOTE_AGAINST;
	return next >> 63 && solver_word(solver, next + 8, &prev) && prev == head ? VOTE_FOR
										  : VOTE_AGAINST;
}

struct candidate {
	uint32_t at;
	unsigned count;
	struct solve_tally tally;
};

static void consider(struct candidate *best, uint32_t at, struct solve_tally tally)
{
	if (!tally_decides(tally))
		return;
	best->count++;
	best->at = at;
	best->tally = tally;
}

static void vote(struct solver *solver, uint32_t at, struct candidate *counters,
		 struct candidate *full)
{
	struct solve_tally slabs = {0}, lists = {0};

	for (size_t i = 0; i < solver->caches.count; i++) {
		const struct solve_cache *cache = &solver->caches.items[i];

		for (unsigned n = 0; n < solver->node_count; n++) {
			if (!cache->nodes[n])
				continue;
			tally_add(&slabs, counts(solver, cache, cache->nodes[n], at));
			tally_add(&lists, is_full_list(solver, cache->nodes[n], at));
		}
	}
	consider(counters, at, slabs);
	if (at >= (unsigned)solver->partial + 16)
		consider(full, at, lists);
}

struct dill_error *rule_node_counters(struct solver *solver)
{
	struct candidate counters = {0}, full = {0};

	for (uint32_t at = 0; at + 16 <= node_bytes(solver); at += 8)
		vote(solver, at, &counters, &full);
	if (counters.count == 1) {
		solver_found(solver, "node_nr_slabs", counters.at, 8, counters.tally, "nodes");
		solver_found(solver, "node_total_objects", counters.at + 8, 8, counters.tally,
			     "nodes");
	} else {
		solver_open(solver, "node_nr_slabs", counters.count, counters.tally, "nodes");
	}
	if (full.count == 1)
		solver_found(solver, "node_full", full.at, 16, full.tally, "nodes");
	else
		solver_open(solver, "node_full", full.count, full.tally, "nodes");
	return NULL;
}
