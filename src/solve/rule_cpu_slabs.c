/* SPDX-License-Identifier: MIT */
#include "solve/solver.h"

/*
 * Slabs that CPUs have: a column of per-CPU pointers leads to structs with pointers to slabs, each
 * of which has a pointer back to its cache. They also tell where a cache begins. A kernel without
 * such CPU slabs (sheaves, SLUB_TINY) has all of its slabs in the lists of nodes, which are looked
 * at next. Source: mm/slub.c struct kmem_cache_cpu, to 6.19
 */

#define WORDS	 16u
#define CPUS_MAX 8u
/* Caches that show whether a column is worth it. */
#define FEW 12u

typedef struct dill_error *(*cpu_visitor)(struct solver *solver, void *context, size_t cache,
					  dill_virt slot, uint64_t word);

/* Visit one word of each CPU's struct behind a column. */
static struct dill_error *each_word(struct solver *solver, int column, unsigned word, size_t caches,
				    cpu_visitor visit, void *context)
{
	for (size_t i = 0; i < solver->caches.count && i < caches; i++) {
		uint64_t pointer = cache_u64(&solver->caches.items[i], column);

		for (unsigned cpu = 0; cpu < kernel_cpu_limit(solver->kernel) && cpu < CPUS_MAX;
		     cpu++) {
			dill_virt slot = kernel_percpu_address(solver->kernel, pointer, cpu) +
					 (uint64_t)word * 8;
			uint64_t value;

			if (kernel_cpu_possible(solver->kernel, cpu) && slot >> 63 &&
			    solver_word(solver, slot, &value) && value)
				TRY(visit(solver, context, i, slot, value));
		}
	}
	return NULL;
}

/* A list's head leads to a slab, too: but to where that points back from. */
static struct dill_error *vote(struct solver *solver, void *context, size_t cache, dill_virt slot,
			       uint64_t word)
{
	struct back_votes *votes = context;
	uint64_t back;

	if (word >> 63 && solver_word(solver, word + 8, &back) && back == slot) {
		votes->all++;
		return NULL;
	}
	return back_votes_add(solver, votes, &solver->caches.items[cache], word);
}

static struct dill_error *ask(struct solver *solver, int column, unsigned word, size_t caches,
			      struct back_pointer *ret)
{
	struct back_votes votes;
	struct dill_error *error = back_votes_init(&votes);

	if (!error)
		error = each_word(solver, column, word, caches, vote, &votes);
	if (!error)
		*ret = back_votes_best(&votes);
	back_votes_deinit(&votes);
	return error;
}

/* What one column leads to. */
struct cpu_column {
	unsigned words[2], count;
	struct solve_tally tallies[2];
	struct back_pointer back;
};

/* Whether a column leads to a slab in the first few caches. */
static struct dill_error *is_promising(struct solver *solver, int column, bool *ret)
{
	*ret = false;
	for (unsigned word = 0; word < WORDS && !*ret; word++) {
		struct back_pointer back;

		TRY(ask(solver, column, word, FEW, &back));
		*ret = back.tally.good && back.tally.good * 2 >= back.tally.all;
	}
	return NULL;
}

static struct dill_error *try_column(struct solver *solver, int column, struct cpu_column *ret)
{
	bool promising;

	*ret = (struct cpu_column){0};
	TRY(is_promising(solver, column, &promising));
	for (unsigned word = 0; promising && word < WORDS && ret->count < 2; word++) {
		struct back_pointer back;

		TRY(ask(solver, column, word, SIZE_MAX, &back));
		if (!tally_decides(back.tally))
			continue;
		ret->tallies[ret->count] = back.tally;
		ret->words[ret->count++] = word;
		if (back.tally.good > ret->back.tally.good)
			ret->back = back;
	}
	return NULL;
}

static struct dill_error *collect(struct solver *solver, void *context, size_t cache,
				  dill_virt slot, uint64_t word)
{
	(void)context;
	(void)slot;
	return solver_add_slab(solver, cache, word, -1);
}

struct dill_error *rule_cpu_slabs(struct solver *solver)
{
	struct cpu_column best = {0};
	unsigned found = 0;

	for (int at = -CACHE_BEFORE; at + 8 <= CACHE_AHEAD; at += 8) {
		struct cpu_column column;

		TRY(try_column(solver, at, &column));
		/* A pointer in front of the cache's first byte is another cache's; so is all of
		 * what leads to the cache in front of this one. */
		if (!column.count || at < column.back.base ||
		    (found && column.back.base < best.back.base))
			continue;
		found = found && column.back.base == best.back.base ? found + 1 : 1;
		best = column;
		solver->cpus = at;
	}
	if (found != 1) {
		solver_open(solver, "cache_cpu_slab", found, (struct solve_tally){0}, "CPU slabs");
		return NULL;
	}
	solver->has_cpus = true;
	solver->cpu_word_count = best.count;
	memcpy(solver->cpu_words, best.words, sizeof(best.words));
	memcpy(solver->cpu_tallies, best.tallies, sizeof(best.tallies));
	solver_take_base(solver, &best.back);
	solver_found(solver, "cache_cpu_slab", (uint32_t)(solver->cpus - solver->base), 8,
		     best.back.tally, "CPU slabs");
	for (unsigned i = 0; i < solver->cpu_word_count; i++)
		TRY(each_word(solver, solver->cpus, solver->cpu_words[i], SIZE_MAX, collect, NULL));
	return NULL;
}
