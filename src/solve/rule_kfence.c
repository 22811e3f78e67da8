/* SPDX-License-Identifier: MIT */
#include "solve/solver.h"

/*
 * KFENCE's records: entry i of the array names page 2 * (i + 1) of the pool, used or not. That
 * tells where in an entry it does, and how large an entry is.
 * Source: mm/kfence/core.c metadata_to_pageaddr(), kfence_init_pool()
 */

#define WORDS	    512u /* of an entry, at most */
#define ENTRIES_MAX 64u
#define STEP	    (2 * (uint64_t)DILL_PAGE_SIZE)

struct records {
	dill_virt first;
	unsigned address, stride; /* in words */
	struct solve_tally tally;
};

static bool names_page(uint64_t word, dill_virt pool, unsigned index)
{
	return (word & ~(uint64_t)(DILL_PAGE_SIZE - 1)) == pool + (index + UINT64_C(1)) * STEP;
}

/* How many entries name their pages; the last may be what is behind the array. */
static struct solve_tally count(struct solver *solver, dill_virt pool,
				const struct records *records)
{
	struct solve_tally tally = {0};

	for (unsigned i = 0; i < ENTRIES_MAX; i++) {
		dill_virt at = records->first + (uint64_t)i * records->stride * 8 +
			       records->address * UINT64_C(8);
		uint64_t word;

		if (!solver_word(solver, at, &word) || !names_page(word, pool, i))
			break;
		tally.good++;
	}
	tally.all = tally.good;
	return tally;
}

/* @param first  where the array may begin */
static struct dill_error *try_array(struct solver *solver, dill_virt pool, dill_virt first,
				    struct records *best, unsigned *candidates)
{
	uint64_t words[WORDS * 2];

	TRY(solver_read(solver, first, words, sizeof(words)));
	for (unsigned a = 0; a < WORDS; a++)
		for (unsigned b = a + 1; names_page(words[a], pool, 0) && b < WORDS * 2; b++) {
			struct records records = {.first = first, .address = a, .stride = b - a};

			if (!names_page(words[b], pool, 1))
				continue;
			records.tally = count(solver, pool, &records);
			if (!tally_decides(records.tally) || records.stride <= records.address)
				continue;
			++*candidates;
			*best = records;
		}
	return NULL;
}

/* --- the cache of an object, and its size --- */

static enum vote vote_cache(struct solver *solver, uint64_t word, const struct solve_cache **ret)
{
	*ret = NULL;
	for (size_t i = 0; word && i < solver->caches.count; i++)
		if (word == cache_base(solver, &solver->caches.items[i]))
			*ret = &solver->caches.items[i];
	return *ret ? VOTE_FOR : word ? VOTE_AGAINST : VOTE_NONE;
}

/* The word that is a cache in every entry that was used, and behind the address the object's bytes,
 * which are at most its cache's. */
static void find_members(struct solver *solver, const struct records *records)
{
	unsigned stride = records->stride, candidates = 0, found = 0;
	struct solve_tally best = {0}, sizes = {0};

	for (unsigned w = 0; w < stride; w++) {
		struct solve_tally caches = {0}, bytes = {0};

		for (unsigned i = 0; i < records->tally.good; i++) {
			dill_virt entry = records->first + (uint64_t)i * stride * 8;
			const struct solve_cache *cache;
			uint64_t word, size;

			if (!solver_word(solver, entry + w * UINT64_C(8), &word) ||
			    !solver_word(solver, entry + (records->address + 1) * UINT64_C(8),
					 &size))
				return;
			tally_add(&caches, vote_cache(solver, word, &cache));
			if (cache)
				tally_add(&bytes, size && size <= cache->object_size
							  ? VOTE_FOR
							  : VOTE_AGAINST);
		}
		if (!tally_decides(caches))
			continue;
		candidates++;
		found = w;
		best = caches;
		sizes = bytes;
	}
	if (candidates == 1)
		solver_found(solver, "kfence_cache", found * 8, 8, best, "used records of KFENCE");
	else
		solver_open(solver, "kfence_cache", candidates, best, "used records of KFENCE");
	if (candidates == 1 && tally_decides(sizes))
		solver_found(solver, "kfence_size", (records->address + 1) * 8, 8, sizes,
			     "used records of KFENCE");
}

/* --- the state of an object --- */

#define STATE_MAX 3u

/* The number that is 0 in entries that were never used, and in no others. A fourth state came in
 * front of the last one in 6.12 (KFENCE_OBJECT_RCU_FREEING). */
static void find_state(struct solver *solver, const struct records *records)
{
	const struct solved *cache_at = solution_find(solver->solution, "kfence_cache");
	struct solve_tally best = {0};
	unsigned candidates = 0, found = 0;

	for (unsigned w = 0; w < records->stride * 2; w++) {
		struct solve_tally tally = {0};
		uint32_t most = 0;

		for (unsigned i = 0; i < records->tally.good; i++) {
			dill_virt entry = records->first + (uint64_t)i * records->stride * 8;
			uint64_t cache;
			uint32_t state;

			if (!solver_word(solver, entry + cache_at->member.offset, &cache) ||
			    !solver_keep(solver, solver_read(solver, entry + w * UINT64_C(4),
							     &state, sizeof(state))))
				return;
			tally_add(&tally, state > STATE_MAX || !state != !cache ? VOTE_AGAINST
					  : state				? VOTE_FOR
										: VOTE_NONE);
			most = state > most && state <= STATE_MAX ? state : most;
		}
		if (!tally_decides(tally) || tally.good != tally.all)
			continue;
		candidates++;
		found = w;
		best = tally;
		solver->solution->kfence_freed = most == STATE_MAX ? STATE_MAX : 0;
	}
	if (candidates == 1)
		solver_found(solver, "kfence_state", found * 4, 4, best, "used records of KFENCE");
	else
		solver_open(solver, "kfence_state", candidates, best, "used records of KFENCE");
}

struct dill_error *rule_kfence(struct solver *solver)
{
	struct records best = {0};
	unsigned candidates = 0;
	dill_virt symbol, array;
	uint64_t pool, pointer;

	if (!kernel_has_symbol(solver->kernel, "__kfence_pool", &symbol) ||
	    !kernel_has_symbol(solver->kernel, "kfence_metadata", &array) ||
	    !solver_word(solver, symbol, &pool) || !pool)
		return NULL;
	/* An array to 6.4, a pointer to one since then. */
	TRY(try_array(solver, pool, array, &best, &candidates));
	if (solver_word(solver, array, &pointer) && solver_is_pointer(solver, pointer))
		TRY(try_array(solver, pool, pointer, &best, &candidates));
	if (candidates != 1) {
		solver_open(solver, "kfence_addr", candidates, best.tally, "records of KFENCE");
		return NULL;
	}
	solver->solution->kfence_struct_size = best.stride * UINT64_C(8);
	solver_found(solver, "kfence_addr", best.address * 8, 8, best.tally, "records of KFENCE");
	find_members(solver, &best);
	if (solver_has(solver, "kfence_cache"))
		find_state(solver, &best);
	return NULL;
}
