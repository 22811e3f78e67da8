/* SPDX-License-Identifier: MIT */
#include "solve/solver.h"

/*
 * Lists of what could not be freed at once: as many pointers as a CPU's variable has in front of
 * its struct irq_work, whose function is the fourth word of it from the first one on.
 * Source: mm/slub.c struct defer_free (6.18), struct deferred_percpu_work (7.3);
 * include/linux/irq_work.h
 */

#define WORDS	  8u
#define CPUS_MAX  64u
#define WORK_FUNC 2u /* word of struct irq_work */

/* Votes for the function being at a word: the same code on all CPUs, lists in front of it. */
static struct dill_error *vote(struct solver *solver, dill_virt symbol,
			       struct solve_tally tallies[static WORDS])
{
	unsigned limit = kernel_cpu_limit(solver->kernel);
	uint64_t first[WORDS] = {0};

	for (unsigned cpu = 0; cpu < limit && cpu < CPUS_MAX; cpu++) {
		uint64_t words[WORDS];

		if (!kernel_cpu_possible(solver->kernel, cpu))
			continue;
		TRY(solver_read(solver, kernel_percpu_address(solver->kernel, symbol, cpu), words,
				sizeof(words)));
		for (unsigned w = WORK_FUNC + 1; w < WORDS; w++) {
			bool fits = solver_is_code(solver, words[w]) &&
				    (!first[w] || first[w] == words[w]);

			first[w] = words[w];
			for (unsigned i = 0; i < w - WORK_FUNC; i++)
				tally_add(&tallies[w], fits && (!words[i] || words[i] >> 63)
							       ? VOTE_FOR
							       : VOTE_AGAINST);
			/* The function is a vote of its own, so are the link and the flags. */
			tally_add(&tallies[w], fits ? VOTE_FOR : VOTE_AGAINST);
			tally_add(&tallies[w],
				  fits && words[w - 1] >> 63 == 0 ? VOTE_FOR : VOTE_AGAINST);
		}
	}
	return NULL;
}

static struct dill_error *find(struct solver *solver, const char *name, bool has_sheaves)
{
	struct solve_tally tallies[WORDS] = {0};
	unsigned candidates = 0, lists = 0;
	dill_virt symbol;

	if (!kernel_has_symbol(solver->kernel, name, &symbol))
		return NULL;
	TRY(vote(solver, symbol, tallies));
	for (unsigned w = WORK_FUNC + 1; w < WORDS; w++)
		if (tally_decides(tallies[w])) {
			candidates++;
			lists = w - WORK_FUNC;
		}
	/* Each kind has another number of lists: one that nobody knows would be read wrongly. */
	if (candidates != 1 || (has_sheaves ? lists != 3 : lists > 2)) {
		solver_open(solver, "defer_objects", candidates, tallies[WORK_FUNC + 1], "words");
		return NULL;
	}
	solver_found(solver, "defer_objects", 0, 8, tallies[lists + WORK_FUNC], "words");
	if (!has_sheaves)
		return NULL;
	solver_found(solver, "defer_by_rcu", 8, 8, tallies[lists + WORK_FUNC], "words");
	solver_found(solver, "defer_sheaves", 16, 8, tallies[lists + WORK_FUNC], "words");
	if (solver_has(solver, "sheaf_link")) /* in the same place, one at a time */
		solver_found(solver, "sheaf_llnode", 0, 8, tallies[lists + WORK_FUNC], "words");
	return NULL;
}

struct dill_error *rule_deferred(struct solver *solver)
{
	TRY(find(solver, "defer_free_objects", false));
	return find(solver, "deferred_percpu_work", true);
}
