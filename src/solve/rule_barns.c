/* SPDX-License-Identifier: MIT */
#include "solve/solver.h"

/*
 * Barns, where a node keeps sheaves: two lists that follow each other, of full and of empty ones,
 * and how many are in each. Pointers to them lie beside those to the nodes (rule_nodes), or in the
 * nodes. Source: mm/slub.c struct node_barn
 */

#define WORDS	 12u
#define LIST_MAX 4096u
/* Words of a sheaf in front of its cache, where its link may be. */
#define LINKS 4u
/* Bytes of a struct kmem_cache_node, where the size is not known. */
#define NODE_BYTES 0x80u

struct barn_votes {
	unsigned place;			 /* word of the first list */
	struct solve_tally lists;	 /* both of them */
	struct solve_tally kinds;	 /* their sheaves, full or empty */
	struct solve_tally links[LINKS]; /* where sheaves have their links */
	struct solve_tally count[WORDS]; /* by word: two counters */
};

typedef void (*barn_visitor)(struct solver *solver, const struct solve_cache *cache, dill_virt barn,
			     struct barn_votes *votes);

/* --- the lists --- */

/* What a list is found to be. */
struct list {
	bool closes;
	unsigned count, full, empty; /* of its sheaves, those of the cache */
	unsigned links[LINKS];	     /* by where their links are, in words */
};

/* Whether there is a sheaf of the cache, and how many objects it has. */
static bool read_sheaf(struct solver *solver, const struct solve_cache *cache, dill_virt sheaf,
		       uint32_t *ret_size)
{
	const struct solved *size_at = solution_find(solver->solution, "sheaf_size");
	uint64_t owner;

	return size_at && size_at->member.present &&
	       solver_word(solver, sheaf + solver->sheaf_owner, &owner) &&
	       owner == cache_base(solver, cache) &&
	       solver_keep(solver, solver_read(solver, sheaf + size_at->member.offset, ret_size,
					       sizeof(*ret_size)));
}

/* The link lies in front of the sheaf's owner: two words. */
static void see_sheaf(struct solver *solver, const struct solve_cache *cache, dill_virt link,
		      struct list *ret)
{
	for (uint32_t at = 0; at + 16 <= solver->sheaf_owner && at / 8 < LINKS; at += 8) {
		uint32_t size;

		if (!read_sheaf(solver, cache, link - at, &size))
			continue;
		ret->full += size != 0;
		ret->empty += size == 0;
		ret->links[at / 8]++;
		return;
	}
}

static struct list read_list(struct solver *solver, const struct solve_cache *cache, dill_virt head)
{
	struct list list = {0};
	dill_virt at = head, next, back;

	while (solver_word(solver, at, &next) && list.count < LIST_MAX) {
		if (!solver_word(solver, next + 8, &back) || back != at)
			return list;
		if (next == head) {
			list.closes = true;
			return list;
		}
		if (!solver_is_pointer(solver, next))
			return list;
		list.count++;
		see_sheaf(solver, cache, next, &list);
		at = next;
	}
	return list;
}

static void vote_barn(struct solver *solver, const struct solve_cache *cache, dill_virt barn,
		      struct barn_votes *votes)
{
	struct list full = read_list(solver, cache, barn + votes->place * UINT64_C(8));
	struct list empty = read_list(solver, cache, barn + votes->place * UINT64_C(8) + 16);
	uint32_t words[WORDS][2];

	tally_add(&votes->lists, full.closes ? VOTE_FOR : VOTE_AGAINST);
	tally_add(&votes->lists, empty.closes ? VOTE_FOR : VOTE_AGAINST);
	if (!full.closes || !empty.closes ||
	    !solver_keep(solver, solver_read(solver, barn, words, sizeof(words))))
		return;
	votes->kinds.good += full.full + empty.empty;
	votes->kinds.all += full.count + empty.count;
	for (unsigned i = 0; i < LINKS; i++) {
		votes->links[i].good += full.links[i] + empty.links[i];
		votes->links[i].all += full.count + empty.count;
	}
	for (unsigned w = 0; w < WORDS && (full.count || empty.count); w++)
		tally_add(&votes->count[w], words[w][0] == full.count && words[w][1] == empty.count
						    ? VOTE_FOR
						    : VOTE_AGAINST);
}

/* --- the barns --- */

/* Where pointers to barns are: in a cache, or in its nodes. */
struct barns {
	bool in_nodes;
	unsigned at; /* in a node */
};

static void visit_nodes(struct solver *solver, const struct solve_cache *cache,
			const struct barns *barns, barn_visitor visit, struct barn_votes *votes)
{
	uint64_t stride = solver->solution->per_node_stride;

	for (unsigned n = 0; n < solver->node_count; n++) {
		uint64_t barn = 0;

		if (!barns->in_nodes)
			barn = cache_u64(cache, solver->node - 8 + (int)(n * stride));
		else if (!cache->nodes[n] ||
			 !solver_word(solver, cache->nodes[n] + barns->at, &barn))
			continue;
		if (barn && !solver_is_pointer(solver, barn))
			tally_add(&votes->lists, VOTE_AGAINST);
		else if (barn)
			visit(solver, cache, barn, votes);
	}
}

static struct dill_error *each_barn(struct solver *solver, const struct barns *barns,
				    barn_visitor visit, struct barn_votes *votes)
{
	for (size_t i = 0; i < solver->caches.count; i++) {
		TRY(target_check_interrupt(kernel_target(solver->kernel)));
		visit_nodes(solver, &solver->caches.items[i], barns, visit, votes);
	}
	return NULL;
}

/* The pair of lists behind these pointers: how many places fit. */
static struct dill_error *find_lists(struct solver *solver, const struct barns *barns,
				     struct barn_votes *ret, unsigned *ret_candidates)
{
	for (unsigned place = 0; place + 4 <= WORDS; place++) {
		struct barn_votes votes = {.place = place};

		TRY(each_barn(solver, barns, vote_barn, &votes));
		/* Sheaves that are there say which list is which. */
		if (!tally_decides(votes.lists) ||
		    votes.kinds.good * 100 < votes.kinds.all * SOLVE_PERCENT)
			continue;
		++*ret_candidates;
		*ret = votes;
	}
	return NULL;
}

static void note_counts(struct solver *solver, const struct barn_votes *votes)
{
	unsigned candidates = 0, found = 0;

	for (unsigned w = 0; w < WORDS; w++)
		if (tally_decides(votes->count[w])) {
			candidates++;
			found = w;
		}
	if (candidates == 1) {
		solver_found(solver, "barn_nr_full", found * 8, 4, votes->count[found], "barns");
		solver_found(solver, "barn_nr_empty", found * 8 + 4, 4, votes->count[found],
			     "barns");
		return;
	}
	solver_open(solver, "barn_nr_full", candidates, (struct solve_tally){0}, "barns");
	solver_open(solver, "barn_nr_empty", candidates, (struct solve_tally){0}, "barns");
}

static void note(struct solver *solver, const struct barns *barns, const struct barn_votes *votes)
{
	if (barns->in_nodes)
		solver_found(solver, "node_barn", barns->at, 8, votes->lists, "lists of barns");
	solver_found(solver, "barn_full", votes->place * 8, 16, votes->lists, "lists of barns");
	solver_found(solver, "barn_empty", votes->place * 8 + 16, 16, votes->lists,
		     "lists of barns");
	for (uint32_t i = 0; i < LINKS; i++)
		if (tally_decides(votes->links[i]))
			solver_found(solver, "sheaf_link", i * 8, 16, votes->links[i],
				     "sheaves in barns");
	note_counts(solver, votes);
}

static struct dill_error *look_in_nodes(struct solver *solver, struct barns *ret,
					struct barn_votes *votes, unsigned *candidates)
{
	uint64_t size = solver->solution->node_struct_size;
	struct barns at = {.in_nodes = true};

	if (!size || size > NODE_BYTES)
		size = NODE_BYTES;
	for (; at.at + 8 <= size; at.at += 8) {
		unsigned before = *candidates;

		TRY(find_lists(solver, &at, votes, candidates));
		if (*candidates > before)
			*ret = at;
	}
	return NULL;
}

struct dill_error *rule_barns(struct solver *solver)
{
	struct barn_votes best = {0};
	struct barns found = {0};
	unsigned candidates = 0;

	if (!solver_has(solver, "cache_cpu_sheaves") || solver->solution->no_sheaves)
		return NULL;
	if (solver->solution->per_node_stride)
		TRY(find_lists(solver, &found, &best, &candidates));
	else
		TRY(look_in_nodes(solver, &found, &best, &candidates));
	if (candidates == 1)
		note(solver, &found, &best);
	else
		solver_open(solver, "barn_full", candidates, best.lists, "lists of barns");
	return NULL;
}
