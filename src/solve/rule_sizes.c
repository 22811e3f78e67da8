/* SPDX-License-Identifier: MIT */
#include "solve/solver.h"

/*
 * The sizes of a cache. object_size is what the names of kmalloc's caches promise; size and oo are
 * the pair with oo & 0xffff == (4096 << (oo >> 16)) / size in all caches.
 * Source: mm/slub.c OO_SHIFT, order_objects(), calculate_sizes()
 */

#define ORDER_MAX      10u
#define CANDIDATES_MAX 16

struct columns {
	int at[CANDIDATES_MAX];
	struct solve_tally tally[CANDIDATES_MAX];
	unsigned count;
};

static void keep(struct columns *columns, int at, struct solve_tally tally)
{
	if (tally_decides(tally) && columns->count < CANDIDATES_MAX) {
		columns->at[columns->count] = at;
		columns->tally[columns->count++] = tally;
	}
}

/* Whether a column is at most the other one in all caches, and less in one. */
static bool is_below(const struct solver *solver, int column, int other)
{
	struct solve_tally most = {0};
	bool less = false;

	for (size_t i = 0; i < solver->caches.count; i++) {
		uint32_t a = cache_u32(&solver->caches.items[i], column);
		uint32_t b = cache_u32(&solver->caches.items[i], other);

		tally_add(&most, a <= b ? VOTE_FOR : VOTE_AGAINST);
		less |= a < b;
	}
	return less && tally_decides(most);
}

static bool is_equal(const struct solver *solver, int column, int other)
{
	for (size_t i = 0; i < solver->caches.count; i++)
		if (cache_u32(&solver->caches.items[i], column) !=
		    cache_u32(&solver->caches.items[i], other))
			return false;
	return true;
}

/* Columns that say what the names of kmalloc's caches do, and something of each cache. */
static struct columns promised_columns(const struct solver *solver)
{
	struct columns columns = {0};

	for (int at = solver->base; at + 4 <= CACHE_AHEAD; at += 4) {
		struct solve_tally promised = {0}, given = {0};

		for (size_t i = 0; i < solver->caches.count; i++) {
			const struct solve_cache *cache = &solver->caches.items[i];
			uint32_t value = cache_u32(cache, at);

			tally_add(&given, value && value <= 1u << 23 ? VOTE_FOR : VOTE_AGAINST);
			if (cache->promised)
				tally_add(&promised,
					  value == cache->promised ? VOTE_FOR : VOTE_AGAINST);
		}
		if (tally_decides(given))
			keep(&columns, at, promised);
	}
	return columns;
}

/* Whether a column is nowhere more than the others; of equal ones it is the first. */
static bool is_least(const struct solver *solver, const struct columns *columns, unsigned index)
{
	for (unsigned i = 0; i < columns->count; i++)
		if (i != index && !is_below(solver, columns->at[index], columns->at[i]) &&
		    !(i > index && is_equal(solver, columns->at[index], columns->at[i])))
			return false;
	return true;
}

/* object_size: the least of these columns. inuse, which comes behind it, is the same where all
 * sizes are whole words. */
static struct dill_error *find_object_size(struct solver *solver)
{
	struct columns columns = promised_columns(solver);

	for (unsigned i = 0; i < columns.count; i++) {
		if (!is_least(solver, &columns, i))
			continue;
		for (size_t c = 0; c < solver->caches.count; c++)
			solver->caches.items[c].object_size =
				cache_u32(&solver->caches.items[c], columns.at[i]);
		solver_found(solver, "cache_object_size", (uint32_t)(columns.at[i] - solver->base),
			     4, columns.tally[i], "kmalloc caches");
		return NULL;
	}
	return dill_error_new(DILL_ERROR_UNSUPPORTED,
			      "no size of objects that fits the names of kmalloc's caches (%u "
			      "candidates)",
			      columns.count);
}

static bool is_oo(uint32_t oo, uint32_t size)
{
	uint32_t order = oo >> 16;

	return order <= ORDER_MAX && oo & 0xffff && (oo & 0xffff) == (4096u << order) / size;
}

static struct solve_tally fit(const struct solver *solver, int size_at, int oo_at)
{
	struct solve_tally tally = {0};

	for (size_t i = 0; i < solver->caches.count; i++) {
		const struct solve_cache *cache = &solver->caches.items[i];
		uint32_t size = cache_u32(cache, size_at);

		tally_add(&tally, size && size >= cache->object_size && size < 1u << 24 &&
						  is_oo(cache_u32(cache, oo_at), size)
					  ? VOTE_FOR
					  : VOTE_AGAINST);
	}
	return tally;
}

/* The columns that are oo to a column of sizes. */
static struct columns oo_columns(const struct solver *solver, int size_at)
{
	struct columns columns = {0};

	for (int at = solver->base; at + 4 <= solver->end; at += 4)
		keep(&columns, at, fit(solver, size_at, at));
	return columns;
}

/*
 * oo, to 5.18 max, and min follow each other; min is the least of them, max is never other than oo
 * unless somebody has changed the order. Where all are the same there is nothing to tell apart, and
 * nothing that could be wrong: the order of declaration is taken.
 */
static void note_orders(struct solver *solver, const struct columns *columns)
{
	unsigned min = columns->count - 1, oo = 0;

	for (unsigned i = 0; i < columns->count; i++) {
		bool least = true;

		for (unsigned j = 0; j < columns->count; j++)
			least &= i == j || is_below(solver, columns->at[i], columns->at[j]);
		if (least)
			min = i;
	}
	if (min == 0 && columns->count > 1)
		oo = 1;
	solver_found(solver, "cache_oo", (uint32_t)(columns->at[oo] - solver->base), 4,
		     columns->tally[oo], "caches");
	if (columns->count > 1 &&
	    (columns->count == 2 || is_equal(solver, columns->at[oo], columns->at[oo + 1])))
		solver_found(solver, "cache_min", (uint32_t)(columns->at[min] - solver->base), 4,
			     columns->tally[min], "caches");
	else
		solver_open(solver, "cache_min", columns->count - 1, columns->tally[min], "caches");
	for (size_t i = 0; i < solver->caches.count; i++) {
		struct solve_cache *cache = &solver->caches.items[i];

		cache->oo = cache_u32(cache, columns->at[oo]);
		if (cache->oo >> 16 > ORDER_MAX)
			cache->oo = 0;
	}
}

static struct dill_error *find_size(struct solver *solver)
{
	unsigned best_good = 0, candidates = 0;
	struct columns best = {0};
	int best_at = 0;

	for (int at = solver->base; at + 4 <= solver->end; at += 4) {
		struct columns columns = oo_columns(solver, at);

		if (!columns.count || columns.tally[0].good < best_good)
			continue;
		candidates = columns.tally[0].good > best_good ? 1 : candidates + 1;
		best_good = columns.tally[0].good;
		best = columns;
		best_at = at;
	}
	if (candidates != 1)
		return dill_error_new(DILL_ERROR_UNSUPPORTED,
				      "%u candidates for the size of a cache's objects",
				      candidates);
	solver_found(solver, "cache_size", (uint32_t)(best_at - solver->base), 4, best.tally[0],
		     "caches");
	for (size_t i = 0; i < solver->caches.count; i++)
		solver->caches.items[i].size = cache_u32(&solver->caches.items[i], best_at);
	note_orders(solver, &best);
	return NULL;
}

/* The kernel makes its first two caches for its own structs: their size is known then. */
static void find_own_sizes(struct solver *solver)
{
	solver->end = CACHE_AHEAD;
	for (size_t i = 0; i < solver->caches.count; i++) {
		const struct solve_cache *cache = &solver->caches.items[i];

		if (!strcmp(cache->name, "kmem_cache"))
			solver->solution->cache_struct_size = cache->object_size;
		else if (!strcmp(cache->name, "kmem_cache_node"))
			solver->solution->node_struct_size = cache->object_size;
	}
	if (solver->solution->cache_struct_size &&
	    solver->base + (int64_t)solver->solution->cache_struct_size < solver->end)
		solver->end = solver->base + (int)solver->solution->cache_struct_size;
}

struct dill_error *rule_sizes(struct solver *solver)
{
	TRY(find_object_size(solver));
	find_own_sizes(solver);
	return find_size(solver);
}
