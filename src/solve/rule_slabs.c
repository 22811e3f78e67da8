/* SPDX-License-Identifier: MIT */
#include "solve/solver.h"

/*
 * The descriptor of a slab, struct slab or struct page. Its freelist leads into the slab's memory,
 * and descriptors lie in one array by page number: (address of the descriptor) - (number of the
 * slab's first page) * (size of a descriptor) is the same in all. That finds the column of the
 * freelist, the size, the array and where the descriptor begins.
 */

/* Sizes that struct page has had: aligned for double words, without, with KMSAN or on 32 CPUs' ids.
 */
static const unsigned page_sizes[] = {64, 56, 72, 80, 96, 128};
/* The array begins at a boundary of this at least, and the list entry lies in the first so many. */
#define ARRAY_ALIGN 64u

static uint64_t first_page(const struct solver *solver, const struct solve_slab *slab,
			   dill_virt object)
{
	const struct memory_map *map = kernel_memory_map(solver->kernel);
	uint32_t order = solver->caches.items[slab->cache].oo >> 16;

	return (object - map->page_offset) / map->page_size >> order << order;
}

/* Slabs whose constant is tried: the first may be broken. */
#define CONSTANTS_MAX 4u

struct placing {
	int freelist;
	unsigned page_size;
	uint64_t constant;
	struct solve_tally tally;
};

/* Votes for one column and size: how many slabs give the constant of one of the first few. */
static struct placing place(const struct solver *solver, int column, unsigned page_size)
{
	struct placing best = {.freelist = column, .page_size = page_size};
	unsigned tried = 0;

	for (size_t c = 0; tried < CONSTANTS_MAX && c < solver->slabs.count; c++) {
		const struct solve_slab *chosen = &solver->slabs.items[c];
		uint64_t first = slab_u64(chosen, column), constant;
		struct solve_tally tally = {0};

		if (!solver_is_direct(solver, first))
			continue;
		tried++;
		constant = chosen->anchor - first_page(solver, chosen, first) * page_size;
		for (size_t i = 0; i < solver->slabs.count; i++) {
			const struct solve_slab *slab = &solver->slabs.items[i];
			uint64_t object = slab_u64(slab, column);

			if (!object) /* every object is in use, as in a list of full slabs */
				continue;
			tally_add(&tally,
				  solver_is_direct(solver, object) &&
						  slab->anchor - first_page(solver, slab, object) *
									  page_size ==
							  constant
					  ? VOTE_FOR
					  : VOTE_AGAINST);
		}
		if (tally.good > best.tally.good) {
			best.tally = tally;
			best.constant = constant;
		}
	}
	return best;
}

static unsigned count_decided(const struct solver *solver, struct placing *ret)
{
	unsigned candidates = 0;

	for (int column = -SLAB_BEFORE; column + 8 <= SLAB_AHEAD; column += 8)
		for (size_t s = 0; s < sizeof(page_sizes) / sizeof(*page_sizes); s++) {
			struct placing placing = place(solver, column, page_sizes[s]);

			if (!tally_decides(placing.tally) || placing.tally.good < ret->tally.good)
				continue;
			candidates = placing.tally.good > ret->tally.good ? 1 : candidates + 1;
			*ret = placing;
		}
	return candidates;
}

/* A list_head that list_del() has left behind (include/linux/poison.h): a slab that a CPU took from
 * a node's list. */
#define POISON_1    UINT64_C(0x100)
#define POISON_2    UINT64_C(0x122)
#define POISON_BASE UINT64_C(0xdead000000000000)

static bool is_poisoned(const struct solve_slab *slab, int column)
{
	uint64_t next = slab_u64(slab, column), prev = slab_u64(slab, column + 8);

	return (next & ~POISON_BASE) == POISON_1 && (prev & ~POISON_BASE) == POISON_2;
}

static void find_poison(struct solver *solver)
{
	struct solve_tally best = {0};
	unsigned candidates = 0;

	for (int column = 0; column + 16 <= SLAB_AHEAD / 2; column += 8) {
		struct solve_tally tally = {0};

		for (size_t i = 0; i < solver->slabs.count; i++)
			tally.good += is_poisoned(&solver->slabs.items[i], column);
		tally.all = tally.good;
		if (tally.good < SOLVE_VOTES_MIN)
			continue;
		candidates++;
		best = tally;
		solver->slab_link = column;
	}
	solver->has_link = candidates == 1;
	if (candidates == 1)
		solver_found(solver, "slab_list", (uint32_t)solver->slab_link, 16, best,
			     "slabs that were in a list");
	else
		solver_open(solver, "slab_list", candidates, best, "slabs that were in a list");
}

/* The entry in a node's list: what slabs were found by, or a distance from what they were. */
static void note_link(struct solver *solver, uint32_t inside, struct solve_tally tally)
{
	if (!solver->has_cpus) {
		solver->has_link = true;
		solver_found(solver, "slab_list", inside, 16, tally, "slabs");
	} else if (solver->has_link) {
		solver_found(solver, "slab_list", (uint32_t)solver->slab_link, 16,
			     solver->link_tally, "slabs");
	} else {
		find_poison(solver);
	}
}

static void note_place(struct solver *solver, const struct placing *placing)
{
	const struct memory_map *map = kernel_memory_map(solver->kernel);
	uint32_t inside = (uint32_t)(placing->constant % ARRAY_ALIGN);

	solver->slab_base = -(int)inside;
	solver->slab_freelist = placing->freelist;
	solver->solution->page_struct_size = placing->page_size;
	kernel_take_memory_map(solver->kernel, placing->constant - inside, placing->page_size);
	note_link(solver, inside, placing->tally);
	solver_found(solver, "slab_freelist", (uint32_t)(placing->freelist - solver->slab_base), 8,
		     placing->tally, "slabs");
	for (size_t i = 0; i < solver->slabs.count; i++) {
		struct solve_slab *slab = &solver->slabs.items[i];

		slab->freelist = slab_u64(slab, placing->freelist);
		if (solver_is_direct(solver, slab->freelist))
			slab->base = map->page_offset +
				     first_page(solver, slab, slab->freelist) * map->page_size;
		else
			slab->freelist = 0;
	}
}

/* Whether a word at @p distance from what slabs were found by lies in their descriptors. */
static bool is_inside(const struct solver *solver, int distance)
{
	int64_t offset = distance - solver->slab_base;

	return offset >= 0 && (uint64_t)offset + 8 <= solver->solution->page_struct_size;
}

static struct solve_tally count_back_pointers(const struct solver *solver)
{
	struct solve_tally tally = {0};

	for (size_t i = 0; i < solver->slabs.count; i++) {
		const struct solve_slab *slab = &solver->slabs.items[i];

		tally_add(&tally,
			  slab_u64(slab, solver->slab_cache) ==
					  cache_base(solver, &solver->caches.items[slab->cache])
				  ? VOTE_FOR
				  : VOTE_AGAINST);
	}
	return tally;
}

struct dill_error *rule_slabs(struct solver *solver)
{
	struct placing placing = {0};
	unsigned candidates = count_decided(solver, &placing);

	if (candidates != 1)
		return dill_error_new(DILL_ERROR_UNSUPPORTED,
				      "%u candidates for the freelist of a slab in %zu slabs",
				      candidates, solver->slabs.count);
	note_place(solver, &placing);
	if (!is_inside(solver, solver->slab_freelist) || !is_inside(solver, solver->slab_cache))
		return dill_error_new(DILL_ERROR_UNSUPPORTED,
				      "a slab's freelist, or its pointer to its cache, would lie "
				      "outside of its struct page");
	solver_found(solver, "slab_cache", (uint32_t)(solver->slab_cache - solver->slab_base), 8,
		     count_back_pointers(solver), "slabs");
	return NULL;
}
