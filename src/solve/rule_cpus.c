/* SPDX-License-Identifier: MIT */
#include "solve/solver.h"

/*
 * What a CPU has of a cache, once its column is known (rule_cpu_slabs): of the two pointers to
 * slabs the CPU's own is the one whose memory the freelist lies in; the other one begins a chain of
 * partial slabs. Source: mm/slub.c struct kmem_cache_cpu, to 6.19
 */

#define WORDS	  16u
#define CHAIN_MAX 64u
#define CPUS_MAX  8u
/* Columns of a slab that may link a chain, and that may count it. */
#define LINKS  8u
#define COUNTS 16u

struct cpu_words {
	uint64_t items[WORDS];
};

struct cpu_votes {
	unsigned own; /* the word that is taken for the CPU's slab */
	struct solve_tally freelist[WORDS];
	unsigned next; /* the column that links chains */
	struct solve_tally links[LINKS], counts[COUNTS];
};

/* Whether @p address is the descriptor of a slab of the cache. */
static bool is_slab_of(struct solver *solver, const struct solve_cache *cache, uint64_t address)
{
	uint64_t owner;

	return kernel_is_page_struct(solver->kernel, address) &&
	       solver_word(solver, address + (unsigned)(solver->slab_cache - solver->slab_base),
			   &owner) &&
	       owner == cache_base(solver, cache);
}

/* Whether an object lies in the memory of a slab. */
static bool lies_in(const struct solver *solver, const struct solve_cache *cache, uint64_t slab,
		    uint64_t object)
{
	dill_virt base = kernel_page_to_virt(solver->kernel, slab);

	return object >= base && object - base < 4096u << (cache->oo >> 16);
}

typedef void (*cpu_visitor)(struct solver *solver, const struct solve_cache *cache,
			    const struct cpu_words *words, struct cpu_votes *votes);

static struct dill_error *each_cpu(struct solver *solver, cpu_visitor visit,
				   struct cpu_votes *votes)
{
	unsigned limit = kernel_cpu_limit(solver->kernel);

	for (size_t i = 0; i < solver->caches.count; i++) {
		const struct solve_cache *cache = &solver->caches.items[i];

		TRY(target_check_interrupt(kernel_target(solver->kernel)));
		for (unsigned cpu = 0; cpu < limit && cpu < CPUS_MAX; cpu++) {
			dill_virt address = kernel_percpu_address(
				solver->kernel, cache_u64(cache, solver->cpus), cpu);
			struct cpu_words words;

			if (!kernel_cpu_possible(solver->kernel, cpu) || !(address >> 63))
				continue;
			TRY(solver_read(solver, address, words.items, sizeof(words.items)));
			visit(solver, cache, &words, votes);
		}
	}
	return NULL;
}

/* A freelist is NULL or in the CPU's slab. */
static void vote_freelist(struct solver *solver, const struct solve_cache *cache,
			  const struct cpu_words *words, struct cpu_votes *votes)
{
	uint64_t slab = words->items[votes->own];

	if (!is_slab_of(solver, cache, slab))
		return;
	for (unsigned i = 0; i < WORDS; i++)
		if (words->items[i] && i != votes->own)
			tally_add(&votes->freelist[i], lies_in(solver, cache, slab, words->items[i])
							       ? VOTE_FOR
							       : VOTE_AGAINST);
}

/* The only one that decides, or -1. */
static int decided(const struct solve_tally *tallies, unsigned count, unsigned *ret_candidates)
{
	int found = -1;

	*ret_candidates = 0;
	for (unsigned i = 0; i < count; i++)
		if (tally_decides(tallies[i])) {
			++*ret_candidates;
			found = (int)i;
		}
	return *ret_candidates == 1 ? found : -1;
}

static void note(struct solver *solver, const char *id, const struct solve_tally *tallies,
		 unsigned count, uint32_t size, const char *voters)
{
	unsigned candidates;
	int at = decided(tallies, count, &candidates);

	if (at >= 0)
		solver_found(solver, id, (uint32_t)at * size, size, tallies[at], voters);
	else
		solver_open(solver, id, candidates, (struct solve_tally){0}, voters);
}

/* --- the chain of partial slabs --- */

/* Follow a chain by a column of the slab; its length, 0 when it is none. */
static unsigned follow(struct solver *solver, const struct solve_cache *cache, uint64_t first,
		       unsigned column)
{
	unsigned length = 0;

	while (first)
		if (length++ == CHAIN_MAX || !is_slab_of(solver, cache, first) ||
		    !solver_word(solver, first + (uint64_t)column * 8, &first))
			return 0;
	return length;
}

/* Every way must hold for all chains; those of a single slab end at once by any column of zeros. */
static void vote_links(struct solver *solver, const struct solve_cache *cache,
		       const struct cpu_words *words, struct cpu_votes *votes)
{
	uint64_t first = words->items[votes->own];

	if (!first || !is_slab_of(solver, cache, first))
		return;
	for (unsigned i = 0; i < LINKS; i++) {
		unsigned length = follow(solver, cache, first, i);

		if (length != 1)
			tally_add(&votes->links[i], length ? VOTE_FOR : VOTE_AGAINST);
	}
}

/* The head of a chain says how long it is. */
static void vote_counts(struct solver *solver, const struct solve_cache *cache,
			const struct cpu_words *words, struct cpu_votes *votes)
{
	uint64_t first = words->items[votes->own];
	uint32_t counts[COUNTS];
	unsigned length;

	if (!first || !is_slab_of(solver, cache, first))
		return;
	length = follow(solver, cache, first, votes->next);
	if (!solver_keep(solver, solver_read(solver, first, counts, sizeof(counts))))
		return;
	for (unsigned i = 0; i < COUNTS; i++)
		tally_add(&votes->counts[i], counts[i] == length ? VOTE_FOR : VOTE_AGAINST);
}

static struct dill_error *find_chains(struct solver *solver, unsigned partial)
{
	struct cpu_votes votes = {.own = partial};
	unsigned candidates;
	int next;

	TRY(each_cpu(solver, vote_links, &votes));
	next = decided(votes.links, LINKS, &candidates);
	note(solver, "slab_next", votes.links, LINKS, 8, "chains");
	if (next < 0)
		return NULL;
	votes.next = (unsigned)next;
	TRY(each_cpu(solver, vote_counts, &votes));
	note(solver, "slab_partial_count", votes.counts, COUNTS, 4, "chains");
	return NULL;
}

/* --- all of it --- */

/* The tally of the best freelist beside one of the two pointers to slabs. */
static struct dill_error *try_own(struct solver *solver, unsigned word, struct cpu_votes *votes,
				  int *ret)
{
	unsigned candidates;

	*votes = (struct cpu_votes){.own = word};
	TRY(each_cpu(solver, vote_freelist, votes));
	*ret = decided(votes->freelist, WORDS, &candidates);
	return NULL;
}

struct dill_error *rule_cpus(struct solver *solver)
{
	struct cpu_votes votes[2];
	int freelists[2] = {-1, -1};
	unsigned own;

	if (!solver->has_cpus)
		return NULL;
	for (unsigned i = 0; i < solver->cpu_word_count; i++)
		TRY(try_own(solver, solver->cpu_words[i], &votes[i], &freelists[i]));
	if ((freelists[0] >= 0) == (freelists[1] >= 0)) {
		solver_open(solver, "cpu_slab", solver->cpu_word_count, (struct solve_tally){0},
			    "CPUs");
		return NULL;
	}
	own = freelists[1] >= 0;
	note(solver, "cpu_freelist", votes[own].freelist, WORDS, 8, "CPU freelists");
	solver_found(solver, "cpu_slab", solver->cpu_words[own] * 8, 8,
		     votes[own].freelist[freelists[own]], "CPU freelists");
	solver->solution->cpu_struct_size = UINT64_C(8) * WORDS;
	if (solver->cpu_word_count != 2)
		return NULL;
	solver_found(solver, "cpu_partial", solver->cpu_words[!own] * 8, 8,
		     solver->cpu_tallies[!own], "CPU slabs");
	return find_chains(solver, solver->cpu_words[!own]);
}
