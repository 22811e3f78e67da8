/* SPDX-License-Identifier: MIT */
#include "solve/solver.h"

/*
 * Which of the topmost bits of a page's flags hold its node: those that are the number of the node
 * on whose list a slab is. A kernel with one node needs none.
 * Source: include/linux/page-flags-layout.h, SPARSEMEM_VMEMMAP
 */

#define WORDS	 8u
#define BITS_MAX 10u /* MAX_NUMNODES is 1024 at most */

/* Slabs of the first node have zeros there, as in most words: they are no vote for it. */
static struct solve_tally fit(const struct solver *solver, unsigned word, unsigned bits)
{
	struct solve_tally tally = {0};

	for (size_t i = 0; i < solver->slabs.count; i++) {
		const struct solve_slab *slab = &solver->slabs.items[i];
		uint64_t value;

		if (slab->node < 0)
			continue;
		value = slab_u64(slab, solver->slab_base + (int)word * 8) >> (64 - bits);
		tally_add(&tally, value != (unsigned)slab->node ? VOTE_AGAINST
				  : slab->node			? VOTE_FOR
								: VOTE_NONE);
	}
	return tally;
}

struct dill_error *rule_page_nodes(struct solver *solver)
{
	unsigned candidates = 0, found = 0;
	struct solve_tally best = {0};

	if (kernel_node_limit(solver->kernel) < 2)
		return NULL;
	for (unsigned word = 0; word < WORDS; word++)
		for (unsigned bits = 1; bits <= BITS_MAX; bits++) {
			struct solve_tally tally = fit(solver, word, bits);

			if (!tally_decides(tally))
				continue;
			candidates++;
			best = tally;
			found = word * 8;
			solver->solution->node_bits = bits;
		}
	if (candidates != 1)
		solver->solution->node_bits = 0;
	if (candidates == 1)
		solver_found(solver, "page_flags", found, 8, best, "slabs of nodes");
	else if (!solver_has(solver, "page_flags"))
		solver_open(solver, "page_flags", candidates, best, "slabs of nodes");
	return NULL;
}
