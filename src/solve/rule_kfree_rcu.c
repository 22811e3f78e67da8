/* SPDX-License-Identifier: MIT */
#include "solve/solver.h"

/*
 * Batches of kfree_rcu(). A CPU's variable holds an array of batches in a grace period, which ends
 * in a pointer to the variable, and begins with a struct rcu_work: a work that names its function,
 * an rcu_head and a pointer. Behind that is a list of objects that are their own links, and two of
 * pages of pointers: chains, or lists since 6.4. What is collected lies in front of the array in
 * the same way.
 * Source: kernel/rcu/tree.c (mm/slab_common.c since 6.14) struct kfree_rcu_cpu, kfree_rcu_cpu_work;
 * include/linux/workqueue.h struct rcu_work
 */

#define WORDS	   128u
#define CPUS_MAX   8u
#define BATCHES	   4u
#define RCU_WORK   7u /* words: work (data, entry, func), rcu_head, wq */
#define WORK_LIST  1u
#define WORK_FUNC  3u
#define PAGE_WORDS (DILL_PAGE_SIZE / 8)

struct batches {
	unsigned first, stride, count; /* in words of the variable */
	unsigned bulk, krw_bulk;       /* of the variable, and of a batch */
	bool lists;		       /* of pages; else chains */
	struct solve_tally tally;
};

struct variable {
	dill_virt address;
	uint64_t words[WORDS];
};

/* Whether a list head in the variable closes. */
static bool is_list(struct solver *solver, const struct variable *variable, unsigned at)
{
	dill_virt head = variable->address + at * UINT64_C(8);
	uint64_t next = variable->words[at], back;

	if (next == head)
		return variable->words[at + 1] == head;
	return next % 8 == 0 && next >> 63 && solver_word(solver, next + 8, &back) && back == head;
}

/* A pointer to an object, or to a page, or NULL. */
static bool is_link(const struct solver *solver, uint64_t word)
{
	return !word || solver_is_direct(solver, word);
}

static bool is_page(const struct solver *solver, uint64_t word)
{
	return is_link(solver, word) && word % DILL_PAGE_SIZE == 0;
}

/* Whether the words from @p at on are two heads of lists. */
static bool are_lists(struct solver *solver, const struct variable *variable, unsigned at)
{
	return is_list(solver, variable, at) && is_list(solver, variable, at + 2);
}

/* The array, by its pointers to the variable. */
static bool find_array(const struct variable *variable, uint64_t room, struct batches *ret)
{
	unsigned ends[BATCHES], words = room && room / 8 < WORDS ? (unsigned)(room / 8) : WORDS;

	*ret = (struct batches){0};
	for (unsigned w = 1; w < words && ret->count < BATCHES; w++)
		if (variable->words[w] == variable->address)
			ends[ret->count++] = w;
	if (ret->count < 2)
		return false;
	ret->stride = ends[1] - ends[0];
	for (unsigned i = 1; i < ret->count; i++)
		if (ends[i] - ends[i - 1] != ret->stride)
			return false;
	ret->first = ends[0] + 1 - ret->stride;
	return ret->stride > RCU_WORK + 3 && ends[0] > ret->stride;
}

/* Where the lists of pages are, from the array's first batch. */
static bool find_pages(struct solver *solver, const struct variable *variable,
		       struct batches *batches)
{
	unsigned found = 0, last = batches->first + batches->stride - 1;

	batches->lists =
		last - 4 > batches->first + RCU_WORK && are_lists(solver, variable, last - 4);
	if (!batches->lists) {
		/* Chains: nothing else is between. */
		batches->krw_bulk = RCU_WORK + 1;
		batches->bulk = 1;
		return batches->stride == RCU_WORK + 4 && batches->first == 3 &&
		       is_page(solver, variable->words[1]) && is_page(solver, variable->words[2]);
	}
	batches->krw_bulk = batches->stride - 5;
	for (unsigned w = 1; w + 4 <= batches->first; w++)
		if (are_lists(solver, variable, w)) {
			batches->bulk = w;
			found++;
		}
	return found == 1;
}

static void vote_batch(struct solver *solver, const struct variable *variable,
		       struct batches *batches, unsigned first)
{
	const uint64_t *words = &variable->words[first];
	struct solve_tally *tally = &batches->tally;
	unsigned bulk = first + batches->krw_bulk;
	bool pages = batches->lists ? are_lists(solver, variable, bulk)
				    : is_page(solver, variable->words[bulk]) &&
					      is_page(solver, variable->words[bulk + 1]);

	tally_add(tally, is_list(solver, variable, first + WORK_LIST) ? VOTE_FOR : VOTE_AGAINST);
	tally_add(tally, solver_is_code(solver, words[WORK_FUNC]) ? VOTE_FOR : VOTE_AGAINST);
	tally_add(tally, is_link(solver, words[RCU_WORK]) && pages ? VOTE_FOR : VOTE_AGAINST);
}

/* A variable of one CPU. They must agree. */
static bool vote_cpu(struct solver *solver, const struct variable *variable, uint64_t room,
		     struct batches *all, bool first)
{
	struct batches found;

	if (!find_array(variable, room, &found) || !find_pages(solver, variable, &found))
		return false;
	if (first)
		*all = found;
	if (found.first != all->first || found.stride != all->stride || found.bulk != all->bulk ||
	    found.lists != all->lists || found.count != all->count)
		return false;
	for (unsigned i = 0; i < found.count; i++)
		vote_batch(solver, variable, all, found.first + i * found.stride);
	return true;
}

/* --- pages of pointers --- */

struct page_votes {
	/* By the word that counts them: records that are pointers, of all. */
	struct solve_tally tallies[8];
};

/* A chain's pages have the next one between the counter and the records. */
static void vote_page(struct solver *solver, dill_virt page, bool lists, struct page_votes *votes)
{
	uint64_t words[PAGE_WORDS];

	if (!solver_keep(solver, solver_read(solver, page, words, sizeof(words))))
		return;
	for (unsigned w = lists ? 2 : 0; w < 8; w++) {
		unsigned records = w + (lists ? 1 : 2);
		uint64_t count = words[w];
		bool fits = count && count <= PAGE_WORDS - records;

		for (uint64_t i = 0; fits && i < count; i++)
			fits = words[records + i] >> 63;
		/* The links of the page and its counter are words like the records. */
		votes->tallies[w].all += fits ? (unsigned)count + 2 : 1;
		votes->tallies[w].good += fits ? (unsigned)count + 2 : 0;
	}
}

/* The first page of each of two lists of pages. */
static void vote_pages(struct solver *solver, const struct variable *variable, unsigned at,
		       bool lists, struct page_votes *votes)
{
	for (unsigned i = 0; i < 2; i++) {
		unsigned w = at + i * (lists ? 2 : 1);
		uint64_t page = variable->words[w];

		if (page && page % DILL_PAGE_SIZE == 0 && solver_is_direct(solver, page))
			vote_page(solver, page, lists, votes);
	}
}

static void note_pages(struct solver *solver, bool lists, const struct page_votes *votes)
{
	unsigned candidates = 0, found = 0;

	for (unsigned w = 0; w < 8; w++)
		if (tally_decides(votes->tallies[w])) {
			candidates++;
			found = w;
		}
	if (candidates != 1) {
		solver_open(solver, "bulk_count", candidates, (struct solve_tally){0},
			    "words of pages");
		return;
	}
	solver_found(solver, "bulk_count", found * 8, 8, votes->tallies[found], "words of pages");
	solver_found(solver, "bulk_records", (found + (lists ? 1 : 2)) * 8, 0,
		     votes->tallies[found], "words of pages");
	if (!lists)
		solver_found(solver, "bulk_next", (found + 1) * 8, 8, votes->tallies[found],
			     "words of pages");
}

static void see_pages(struct solver *solver, const struct variable *variable,
		      const struct batches *batches, struct page_votes *votes)
{
	vote_pages(solver, variable, batches->bulk, batches->lists, votes);
	for (unsigned i = 0; i < batches->count; i++)
		vote_pages(solver, variable,
			   batches->first + i * batches->stride + batches->krw_bulk, batches->lists,
			   votes);
}

/* --- all of it --- */

static void note(struct solver *solver, const struct batches *batches)
{
	uint32_t pages = batches->lists ? 32 : 16;
	static const char voters[] = "words of batches";

	solver->solution->krw_struct_size = UINT64_C(8) * batches->stride;
	solver_found(solver, "krc_head", 0, 8, batches->tally, voters);
	solver_found(solver, "krc_bulk", batches->bulk * 8, pages, batches->tally, voters);
	solver_found(solver, "krc_works", batches->first * 8, batches->count * batches->stride * 8,
		     batches->tally, voters);
	solver_found(solver, "krw_head", RCU_WORK * 8, 8, batches->tally, voters);
	solver_found(solver, "krw_bulk", batches->krw_bulk * 8, pages, batches->tally, voters);
	if (batches->lists) /* pages begin with it */
		solver_found(solver, "bulk_list", 0, 16, batches->tally, voters);
}

struct dill_error *rule_kfree_rcu(struct solver *solver)
{
	unsigned limit = kernel_cpu_limit(solver->kernel), seen = 0;
	struct page_votes votes = {0};
	struct batches batches = {0};
	bool agree = true;
	dill_virt symbol;

	if (!kernel_has_symbol(solver->kernel, "krc", &symbol))
		return NULL;
	for (unsigned cpu = 0; cpu < limit && cpu < CPUS_MAX && agree; cpu++) {
		struct variable variable = {
			.address = kernel_percpu_address(solver->kernel, symbol, cpu)};

		if (!kernel_cpu_possible(solver->kernel, cpu))
			continue;
		TRY(solver_read(solver, variable.address, variable.words, sizeof(variable.words)));
		agree = vote_cpu(solver, &variable, kernel_symbol_room(solver->kernel, symbol),
				 &batches, !seen++);
		if (agree)
			see_pages(solver, &variable, &batches, &votes);
	}
	if (!agree || !tally_decides(batches.tally)) {
		solver_open(solver, "krc_head", 0, batches.tally, "words of batches");
		return NULL;
	}
	note(solver, &batches);
	note_pages(solver, batches.lists, &votes);
	return NULL;
}
