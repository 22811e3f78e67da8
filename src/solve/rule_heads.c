/* SPDX-License-Identifier: MIT */
#include "solve/solver.h"

/*
 * How the second page of a slab leads to the first: a word with the lowest bit set, which is the
 * address of that one's descriptor, or a mask for one's own address (7.1).
 * Source: include/linux/page-flags.h compound_head(), compound_info_has_mask()
 */

#define WORDS 8u

static bool leads(uint64_t word, dill_virt tail, dill_virt head)
{
	if (!(word & 1))
		return false;
	return word - 1 == head || (word >> 32 == UINT32_MAX && (tail & word) == head);
}

struct dill_error *rule_heads(struct solver *solver)
{
	struct solve_tally tallies[WORDS] = {0};
	unsigned candidates = 0, found = 0;

	for (size_t i = 0; i < solver->slabs.count; i++) {
		const struct solve_slab *slab = &solver->slabs.items[i];
		dill_virt head = slab->anchor + (uint64_t)(int64_t)solver->slab_base;
		dill_virt tail = head + solver->solution->page_struct_size;
		uint64_t words[WORDS];

		if (!(solver->caches.items[slab->cache].oo >> 16))
			continue;
		TRY(solver_read(solver, tail, words, sizeof(words)));
		for (unsigned w = 0; w < WORDS; w++)
			tally_add(&tallies[w],
				  leads(words[w], tail, head) ? VOTE_FOR : VOTE_AGAINST);
	}
	for (unsigned w = 0; w < WORDS; w++)
		if (tally_decides(tallies[w])) {
			candidates++;
			found = w;
		}
	if (candidates == 1)
		solver_found(solver, "page_head", found * 8, 8, tallies[found], "tail pages");
	else
		solver_open(solver, "page_head", candidates, tallies[0], "tail pages");
	return NULL;
}
