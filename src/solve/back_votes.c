/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "solve/solver.h"

#define BASES (CACHE_BEFORE / 8 + 1)

struct dill_error *back_votes_init(struct back_votes *votes)
{
	votes->all = 0;
	votes->any = false;
	votes->counts = calloc((size_t)BASES * BACK_PLACES, sizeof(*votes->counts));
	return votes->counts ? NULL : error_no_memory();
}

void back_votes_deinit(struct back_votes *votes)
{
	free(votes->counts);
	votes->counts = NULL;
}

struct dill_error *back_votes_add(struct solver *solver, struct back_votes *votes,
				  const struct solve_cache *cache, dill_virt anchor)
{
	uint8_t bytes[SLAB_BEFORE + SLAB_AHEAD] = {0};

	votes->all++;
	/* Other things than slabs have pointers to their cache: sheaves. */
	if (anchor % 8 || !(anchor >> 63) || solver_is_direct(solver, anchor) != solver->flat)
		return NULL;
	TRY(solver_read(solver, anchor - SLAB_BEFORE, bytes, sizeof(bytes)));
	for (size_t place = 0; place < BACK_PLACES; place++) {
		uint64_t word;

		memcpy(&word, bytes + place * 8, sizeof(word));
		if (word % 8 == 0 && word <= cache->link && cache->link - word <= CACHE_BEFORE)
			votes->counts[(cache->link - word) / 8 * BACK_PLACES + place]++;
		votes->any |= word % 8 == 0 && cache->link - word <= CACHE_BEFORE;
	}
	return NULL;
}

struct back_pointer back_votes_best(const struct back_votes *votes)
{
	struct back_pointer best = {.tally = {0, votes->all}};

	for (int base = 0; votes->any && base < BASES; base++)
		for (int place = 0; place < BACK_PLACES; place++) {
			unsigned count = votes->counts[base * BACK_PLACES + place];
			int distance = place * 8 - SLAB_BEFORE;

			/* The slabs beside one are often of the same cache: nearest is its own. */
			if (count < best.tally.good ||
			    (count == best.tally.good && (!count || best.base != -base * 8 ||
							  abs(distance) >= abs(best.place))))
				continue;
			best.tally.good = count;
			best.base = -base * 8;
			best.place = distance;
		}
	return best;
}

void solver_take_base(struct solver *solver, const struct back_pointer *back)
{
	solver->has_base = true;
	solver->base = back->base;
	solver->slab_cache = back->place;
	solver_found(solver, "cache_list", (uint32_t)-back->base, 16, back->tally, "slabs");
	/* What was counted from the list entry counts from the cache now. */
	for (size_t i = 0; i < solver->solution->count; i++)
		if (!strcmp(solver->solution->items[i].id, "cache_name"))
			solver->solution->items[i].member.offset =
				(uint32_t)(solver->name - solver->base);
}

struct dill_error *solver_add_slab(struct solver *solver, size_t cache, dill_virt anchor, int node)
{
	struct solve_slab slab = {.cache = cache, .anchor = anchor, .node = node};

	if (solver->slabs.count == SLABS_MAX)
		return NULL;
	TRY(solver_read(solver, anchor - SLAB_BEFORE, slab.bytes, sizeof(slab.bytes)));
	return array_push(&solver->slabs, slab);
}
