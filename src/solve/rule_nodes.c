/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "solve/solver.h"

/*
 * The nodes of a cache, and where struct kmem_cache begins. A column of pointers, another one in
 * each cache, leads to structs with a closed list at one distance, whose members (struct slab or
 * struct page) have a pointer near them that leads back to the cache: to its first byte.
 */

#define PARTIAL_FIRST 8
#define PARTIAL_LAST  0x60
#define PLACES	      ((PARTIAL_LAST - PARTIAL_FIRST) / 8 + 1)
#define LIST_MAX      65536u

/* Whether the list head at @p address closes: empty, or with members that point back. */
static bool is_list(struct solver *solver, dill_virt address, bool *ret_empty)
{
	uint64_t next, prev, back;

	if (!solver_word(solver, address, &next) || !solver_word(solver, address + 8, &prev))
		return false;
	*ret_empty = next == address;
	if (*ret_empty)
		return prev == address;
	return next % 8 == 0 && next >> 63 && prev >> 63 && solver_word(solver, next + 8, &back) &&
	       back == address && solver_word(solver, prev, &back) && back == address;
}

/* A column of pointers to objects that no two caches share. */
static bool is_pointer_column(const struct solver *solver, int distance)
{
	struct solve_tally tally = {0};

	for (size_t i = 0; i < solver->caches.count; i++) {
		uint64_t value = cache_u64(&solver->caches.items[i], distance);
		bool shared = i && value == cache_u64(&solver->caches.items[i - 1], distance);

		tally_add(&tally,
			  solver_is_pointer(solver, value) && !shared ? VOTE_FOR : VOTE_AGAINST);
	}
	return tally_decides(tally);
}

/* Votes of the caches for lists behind the pointers at a distance. */
static void count_lists(struct solver *solver, int distance,
			struct solve_tally lists[static PLACES], unsigned members[static PLACES])
{
	for (size_t i = 0; i < solver->caches.count; i++) {
		uint64_t node = cache_u64(&solver->caches.items[i], distance);

		for (int p = 0; p < PLACES; p++) {
			bool empty = true;
			bool is = is_list(solver, node + PARTIAL_FIRST + (uint64_t)p * 8, &empty);

			tally_add(&lists[p], is ? VOTE_FOR : VOTE_AGAINST);
			members[p] += is && !empty;
			/* What is no list in the first ones is none. */
			if (i == 8 && lists[p].good < 4)
				lists[p].all = 1u << 20;
		}
	}
}

/* What the members of the lists at one place say. */
static struct dill_error *find_back_pointers(struct solver *solver, int distance, int partial,
					     struct back_pointer *ret)
{
	struct back_votes votes;
	struct dill_error *error = back_votes_init(&votes);

	for (size_t i = 0; i < solver->caches.count && !error; i++) {
		const struct solve_cache *cache = &solver->caches.items[i];
		dill_virt head = cache_u64(cache, distance) + (unsigned)partial, link = head;

		for (unsigned m = 0; m < SLABS_PER_CACHE && !error; m++) {
			if (!solver_word(solver, link, &link) || link == head)
				break;
			error = back_votes_add(solver, &votes, cache, link);
		}
	}
	if (!error)
		*ret = back_votes_best(&votes);
	back_votes_deinit(&votes);
	return error;
}

/* Of several lists of slabs the one that is counted by the word in front of it (nr_partial). */
static struct solve_tally count_members(struct solver *solver, int distance, int partial)
{
	struct solve_tally tally = {0};

	for (size_t i = 0; i < solver->caches.count; i++) {
		dill_virt node = cache_u64(&solver->caches.items[i], distance);
		dill_virt head = node + (unsigned)partial, at = head;
		uint64_t count = 0, says;

		if (!solver_word(solver, head - 8, &says) || says > LIST_MAX)
			says = UINT64_MAX;
		while (says != UINT64_MAX && count <= says && solver_word(solver, at, &at) &&
		       at != head)
			count++;
		tally_add(&tally, count == says ? VOTE_FOR : VOTE_AGAINST);
	}
	return tally;
}

/* What is known of the best column. */
struct choice {
	int node, partial;
	struct back_pointer back;
	struct solve_tally lists, counts;
	bool found;
};

/* Whether what the lists hold agrees with what is known; empty lists agree with everything. */
static bool agrees(const struct solver *solver, const struct back_pointer *back)
{
	if (!solver->has_base)
		return tally_decides(back->tally);
	return !back->tally.all || (back->base == solver->base &&
				    back->tally.good * 100 >= back->tally.all * SOLVE_PERCENT);
}

static struct dill_error *try_column(struct solver *solver, int distance, struct choice *best)
{
	struct solve_tally lists[PLACES] = {0};
	unsigned members[PLACES] = {0};

	/* A name may lie beside a node. */
	if (distance == solver->name || !is_pointer_column(solver, distance))
		return NULL;
	count_lists(solver, distance, lists, members);
	for (int p = 0; p < PLACES; p++) {
		struct choice choice = {
			.node = distance, .partial = PARTIAL_FIRST + p * 8, .lists = lists[p]};

		/* It is this list, too many of which are broken: none behind it is. */
		if (!tally_decides(lists[p]) && lists[p].good * 2 > lists[p].all)
			return NULL;
		if (!tally_decides(lists[p]))
			continue;
		TRY(find_back_pointers(solver, distance, choice.partial, &choice.back));
		if (!agrees(solver, &choice.back))
			continue;
		choice.counts = count_members(solver, distance, choice.partial);
		if (!tally_decides(choice.counts)) {
			if (choice.counts.good * 2 > choice.counts.all)
				return NULL;
			continue;
		}
		/* node[1] is such a column, too: the first one begins the array. What leads to the
		 * cache in front of this one is that one's. */
		if (best->found && (solver->has_base || choice.back.base <= best->back.base))
			continue;
		choice.found = true;
		*best = choice;
	}
	return NULL;
}

/* Further nodes behind the first: an array of pointers, or of pairs of them. */
static void find_more_nodes(struct solver *solver)
{
	uint64_t stride = solver->solution->per_node_stride ? solver->solution->per_node_stride : 8;
	unsigned limit = kernel_node_limit(solver->kernel);

	for (size_t i = 0; i < solver->caches.count; i++) {
		struct solve_cache *cache = &solver->caches.items[i];

		for (unsigned n = 0; n < limit && n < NODES_MAX; n++) {
			int at = solver->node + (int)(n * stride);
			bool empty;

			if (at + 8 > CACHE_AHEAD)
				break;
			cache->nodes[n] = cache_u64(cache, at);
			if (!solver_is_pointer(solver, cache->nodes[n]) ||
			    !is_list(solver, cache->nodes[n] + (unsigned)solver->partial, &empty))
				cache->nodes[n] = 0;
		}
	}
	solver->node_count = limit < NODES_MAX ? limit : NODES_MAX;
}

static struct dill_error *collect_slabs_of(struct solver *solver, size_t index)
{
	struct solve_cache *cache = &solver->caches.items[index];
	unsigned count = 0;

	/* Where CPUs have told of slabs, one of which only the entry is known does not fit in. */
	if (solver->has_cpus && !solver->has_link)
		return NULL;
	for (unsigned n = 0; n < solver->node_count; n++) {
		dill_virt head = cache->nodes[n] + (unsigned)solver->partial, at = head;

		while (cache->nodes[n] && count++ < SLABS_PER_CACHE &&
		       solver_word(solver, at, &at) && at != head && at >> 63)
			TRY(solver_add_slab(solver, index, at - (unsigned)solver->slab_link,
					    (int)n));
	}
	return NULL;
}

/* How many columns of nodes follow each other, where no symbol tells it. */
static unsigned count_columns(struct solver *solver, int stride)
{
	unsigned count = 1;

	for (; count < NODES_MAX; count++) {
		int at = solver->node + (int)count * stride;
		struct solve_tally tally = {0};

		if (at + 8 > CACHE_AHEAD)
			break;
		for (size_t i = 0; i < solver->caches.count; i++) {
			uint64_t node = cache_u64(&solver->caches.items[i], at);
			bool empty;

			tally_add(&tally,
				  solver_is_pointer(solver, node) &&
						  is_list(solver, node + (unsigned)solver->partial,
							  &empty)
					  ? VOTE_FOR
					  : VOTE_AGAINST);
		}
		if (!tally_decides(tally))
			break;
	}
	return count;
}

static void find_node_limit(struct solver *solver)
{
	unsigned single, pairs;

	if (kernel_node_limit_is_known(solver->kernel))
		return;
	single = count_columns(solver, 8);
	pairs = count_columns(solver, 16);
	kernel_take_node_limit(solver->kernel, single > pairs ? single : pairs);
}

/* Without barns (debugging) only the second node tells an array of pointers from one of pairs. */
static void find_stride(struct solver *solver)
{
	struct solve_tally pairs = {0};

	if (kernel_node_limit(solver->kernel) < 2)
		return;
	for (size_t i = 0; i < solver->caches.count; i++) {
		const struct solve_cache *cache = &solver->caches.items[i];
		bool empty;

		tally_add(&pairs, !solver_is_pointer(solver, cache_u64(cache, solver->node + 8)) &&
						  is_list(solver,
							  cache_u64(cache, solver->node + 16) +
								  (unsigned)solver->partial,
							  &empty)
					  ? VOTE_FOR
					  : VOTE_AGAINST);
	}
	if (tally_decides(pairs))
		solver->solution->per_node_stride = 16;
}

/* Votes for barns in front of the pointer to the node: two closed lists at one place. */
static struct solve_tally count_barns(struct solver *solver, unsigned place)
{
	struct solve_tally tally = {0};

	for (size_t i = 0; i < solver->caches.count; i++) {
		uint64_t barn = cache_u64(&solver->caches.items[i], solver->node - 8);
		bool full, empty;

		if (!barn)
			continue;
		tally_add(&tally, solver_is_pointer(solver, barn) &&
						  is_list(solver, barn + place, &full) &&
						  is_list(solver, barn + place + 16, &empty)
					  ? VOTE_FOR
					  : VOTE_AGAINST);
	}
	return tally;
}

/* Bytes of a barn's lock, in front of its lists. */
#define LOCK_MAX 0x40u

/* A barn in front of the pointer to the node makes pairs. */
static void find_barns(struct solver *solver)
{
	struct solve_tally tally = {0};

	for (unsigned place = 0; place <= LOCK_MAX && !tally_decides(tally); place += 8)
		tally = count_barns(solver, place);
	if (!tally_decides(tally)) {
		find_stride(solver);
		return;
	}
	solver->solution->per_node_stride = 16;
	solver_found(solver, "cache_per_node_barn", (uint32_t)(solver->node - 8 - solver->base), 8,
		     tally, "caches");
}

/* A single node without barns, behind a column of zeros, may stand alone or be half of a pair. */
static bool is_single(const struct solver *solver)
{
	if (kernel_node_limit(solver->kernel) > 1)
		return false;
	for (size_t i = 0; i < solver->caches.count; i++)
		if (cache_u64(&solver->caches.items[i], solver->node - 8))
			return false;
	return true;
}

static void note(struct solver *solver, const struct choice *choice)
{
	uint32_t node = (uint32_t)(choice->node - solver->base);

	find_barns(solver);
	if (solver->solution->per_node_stride) {
		solver_found(solver, "cache_per_node", node - 8, 16, choice->lists, "caches");
		solver_found(solver, "cache_per_node_node", node, 8, choice->lists, "caches");
	} else if (is_single(solver)) {
		solver_found(solver, "cache_first_node", node, 8, choice->lists, "caches");
	} else {
		solver_found(solver, "cache_node", node, 8, choice->lists, "caches");
	}
	solver_found(solver, "node_partial", (uint32_t)choice->partial, 16, choice->lists, "nodes");
	solver_found(solver, "node_nr_partial", (uint32_t)choice->partial - 8, 8, choice->counts,
		     "nodes");
}

/* Either the lists of nodes tell where a cache begins, or where the entry is in a slab that CPUs
 * have told about. */
static void take_back_pointer(struct solver *solver, const struct back_pointer *back)
{
	if (!solver->has_base) {
		solver_take_base(solver, back);
	} else if (tally_decides(back->tally)) {
		solver->slab_link = solver->slab_cache - back->place;
		solver->has_link = solver->slab_link >= 0 && solver->slab_link < SLAB_AHEAD / 2;
		solver->link_tally = back->tally;
	}
}

/* Whether most caches have such a list behind the pointer in front of this one, too: then that
 * begins the array, and so many of its lists are broken that it was not taken. */
static bool begins_array(struct solver *solver, const struct choice *choice)
{
	for (int step = 8; step <= 16; step += 8) {
		struct solve_tally lists = {0};

		for (size_t i = 0; i < solver->caches.count; i++) {
			uint64_t node = cache_u64(&solver->caches.items[i], choice->node - step);
			bool empty;

			tally_add(&lists,
				  solver_is_pointer(solver, node) &&
						  is_list(solver, node + (unsigned)choice->partial,
							  &empty)
					  ? VOTE_FOR
					  : VOTE_AGAINST);
		}
		if (lists.good * 2 > lists.all)
			return false;
	}
	return true;
}

struct dill_error *rule_nodes(struct solver *solver)
{
	struct choice best = {0};

	for (int distance = solver->has_base ? solver->base : -CACHE_BEFORE;
	     distance + 8 <= CACHE_AHEAD; distance += 8)
		TRY(try_column(solver, distance, &best));
	if (!best.found || !begins_array(solver, &best))
		return dill_error_new(DILL_ERROR_UNSUPPORTED,
				      "no lists of partial slabs in %zu caches",
				      solver->caches.count);
	solver->node = best.node;
	solver->partial = best.partial;
	take_back_pointer(solver, &best.back);
	find_node_limit(solver);
	note(solver, &best);
	find_more_nodes(solver);
	for (size_t i = 0; i < solver->caches.count; i++)
		TRY(collect_slabs_of(solver, i));
	return NULL;
}
