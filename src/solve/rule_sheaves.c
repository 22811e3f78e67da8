/* SPDX-License-Identifier: MIT */
#include "solve/solver.h"

/*
 * Sheaves, arrays of free objects that CPUs have: a column of per-CPU pointers leads to structs
 * with up to three pointers in a row, to objects that point back to the cache. The first is never
 * NULL; where a cache has no sheaves it is the address of one static, empty sheaf.
 * Source: mm/slub.c struct slub_percpu_sheaves, struct slab_sheaf, bootstrap_cache_sheaves()
 */

/* Words of a CPU's struct, and of the head of a sheaf, that are looked at. */
#define WORDS	       8u
#define HEAD_WORDS     6u
#define NAMED	       3u /* main, spare, rcu_free */
#define CPUS_MAX       8u
#define SIZE_MAX_SHEAF 4096u
/* Objects of a sheaf that are looked at. */
#define OBJECTS_LOOKED 4u

static const char *const named[NAMED] = {"pcs_main", "pcs_spare", "pcs_rcu_free"};

/* --- the CPUs' structs --- */

struct cpu_words {
	uint64_t items[WORDS];
};

/* Which of the words may be NULL, and where in a sheaf the cache is. */
struct way {
	int column;
	unsigned first, owner;
	struct solve_tally named[NAMED];
	unsigned sheaves; /* that were seen */
	dill_virt none;	  /* what stands for a sheaf where a cache has none */
};

typedef void (*cpu_visitor)(struct solver *solver, size_t cache, const struct cpu_words *words,
			    void *context);

static struct dill_error *each_cpu(struct solver *solver, int column, cpu_visitor visit,
				   void *context)
{
	unsigned limit = kernel_cpu_limit(solver->kernel);

	for (size_t i = 0; i < solver->caches.count; i++) {
		uint64_t pointer = cache_u64(&solver->caches.items[i], column);

		TRY(target_check_interrupt(kernel_target(solver->kernel)));
		for (unsigned cpu = 0; pointer && cpu < limit && cpu < CPUS_MAX; cpu++) {
			dill_virt address = kernel_percpu_address(solver->kernel, pointer, cpu);
			struct cpu_words words;

			if (!kernel_cpu_possible(solver->kernel, cpu) || !(address >> 63))
				continue;
			TRY(solver_read(solver, address, words.items, sizeof(words.items)));
			visit(solver, i, &words, context);
		}
	}
	return NULL;
}

static bool points_back(struct solver *solver, const struct solve_cache *cache, uint64_t sheaf,
			unsigned owner)
{
	uint64_t back;

	return solver_is_pointer(solver, sheaf) &&
	       solver_word(solver, sheaf + owner * UINT64_C(8), &back) &&
	       back == cache_base(solver, cache);
}

static bool is_static(uint64_t address)
{
	return address >= KERNEL_WINDOW_FIRST && address <= KERNEL_WINDOW_LAST && address % 8 == 0;
}

static void vote_named(struct solver *solver, size_t index, const struct cpu_words *words,
		       void *context)
{
	const struct solve_cache *cache = &solver->caches.items[index];
	struct way *way = context;
	uint64_t main = words->items[way->first];
	bool fits = points_back(solver, cache, main, way->owner);

	way->sheaves += fits;
	if (!fits && is_static(main) && (!way->none || main == way->none)) {
		way->none = main;
		fits = true;
	}
	tally_add(&way->named[0], fits ? VOTE_FOR : VOTE_AGAINST);
	for (unsigned i = 1; i < NAMED; i++) {
		uint64_t sheaf = words->items[way->first + i];

		fits = points_back(solver, cache, sheaf, way->owner);
		way->sheaves += fits;
		tally_add(&way->named[i], fits || !sheaf ? VOTE_FOR : VOTE_AGAINST);
	}
}

/* Whether all three are told. A kernel all of whose caches have debugging has no sheaf. */
static bool is_told(const struct way *way)
{
	for (unsigned i = 0; i < NAMED; i++)
		if (!tally_decides(way->named[i]))
			return false;
	return way->sheaves >= SOLVE_VOTES_MIN || (!way->sheaves && way->none);
}

/* Whether a column can be one of per-CPU pointers: each cache has its own. Those to objects are
 * none, unless there is but one CPU, whose memory of this kind may be an object's. */
static bool may_be_percpu(const struct solver *solver, int column)
{
	bool several = kernel_cpu_limit(solver->kernel) > 1;
	struct solve_tally tally = {0};
	uint64_t before = 0;

	for (size_t i = 0; i < solver->caches.count; i++) {
		uint64_t value = cache_u64(&solver->caches.items[i], column);

		if (!value)
			continue;
		tally_add(&tally, value % 8 || value == before ||
						  (several && solver_is_direct(solver, value))
					  ? VOTE_AGAINST
					  : VOTE_FOR);
		before = value;
	}
	/* Since 6.18 only two caches may have any. */
	return tally.good && tally.good * 100 >= tally.all * SOLVE_PERCENT;
}

static struct dill_error *try_column(struct solver *solver, int column, struct way *best,
				     unsigned *candidates)
{
	for (unsigned first = 0; first + NAMED <= WORDS; first++)
		for (unsigned owner = 1; owner < HEAD_WORDS; owner++) {
			struct way way = {.column = column, .first = first, .owner = owner};

			TRY(each_cpu(solver, column, vote_named, &way));
			if (!is_told(&way))
				continue;
			/* Without a sheaf nothing tells where its owner is. */
			if (!way.sheaves)
				way.owner = 0;
			if (*candidates && best->column == column && best->first == first &&
			    !way.sheaves)
				continue;
			++*candidates;
			*best = way;
		}
	return NULL;
}

/* --- what a sheaf has --- */

struct sheaf_votes {
	const struct way *way;
	unsigned size, objects; /* the places that are tried: size in half words */
	struct solve_tally tally;
};

static enum vote vote_sheaf(struct solver *solver, const struct solve_cache *cache, dill_virt sheaf,
			    const struct sheaf_votes *votes)
{
	uint64_t objects[OBJECTS_LOOKED];
	uint32_t size;

	if (!solver_keep(solver,
			 solver_read(solver, sheaf + votes->size * UINT64_C(4), &size, 4)) ||
	    size > SIZE_MAX_SHEAF)
		return VOTE_AGAINST;
	if (!size)
		return VOTE_NONE;
	if (!solver_keep(solver, solver_read(solver, sheaf + votes->objects * UINT64_C(8), objects,
					     sizeof(objects))) ||
	    !solver_word(solver, sheaf + (votes->objects + size - 1) * UINT64_C(8), &objects[0]))
		return VOTE_AGAINST;
	for (unsigned i = 0; i < OBJECTS_LOOKED && i < size; i++)
		if (!solver_is_object(solver, cache, objects[i]))
			return VOTE_AGAINST;
	return VOTE_FOR;
}

static void vote_all_sheaves(struct solver *solver, size_t index, const struct cpu_words *words,
			     void *context)
{
	const struct solve_cache *cache = &solver->caches.items[index];
	struct sheaf_votes *votes = context;

	for (unsigned i = 0; i < NAMED; i++) {
		uint64_t sheaf = words->items[votes->way->first + i];

		/* What waits for a grace period may be KFENCE's. */
		if (i != 2 && points_back(solver, cache, sheaf, votes->way->owner))
			tally_add(&votes->tally, vote_sheaf(solver, cache, sheaf, votes));
	}
}

/*
 * size and objects: as many objects of the cache as it says. Of two numbers (size, node) it is the
 * one that more sheaves have: the other is 0 in all of the first node.
 */
static struct dill_error *find_size(struct solver *solver, const struct way *way)
{
	struct sheaf_votes best = {0};
	unsigned candidates = 0;

	/* The objects are the last member, and what is in front of them is no object. */
	for (unsigned objects = way->owner + 1; objects <= HEAD_WORDS && !candidates; objects++)
		for (unsigned size = 0; size < objects * 2; size++) {
			struct sheaf_votes votes = {.way = way, .size = size, .objects = objects};

			if (size / 2 == way->owner)
				continue;
			TRY(each_cpu(solver, way->column, vote_all_sheaves, &votes));
			if (!tally_decides(votes.tally) || votes.tally.good <= best.tally.good)
				continue;
			candidates += best.tally.good * 2 > votes.tally.good;
			candidates += !best.tally.good;
			best = votes;
		}
	if (candidates != 1) {
		solver_open(solver, "sheaf_size", candidates, best.tally, "sheaves");
		solver_open(solver, "sheaf_objects", candidates, best.tally, "sheaves");
		return NULL;
	}
	solver_found(solver, "sheaf_size", best.size * 4, 4, best.tally, "sheaves");
	solver_found(solver, "sheaf_objects", best.objects * 8, 0, best.tally, "sheaves");
	return NULL;
}

/* --- how much fits into one --- */

struct room {
	uint32_t most; /* bytes of its sheaves' memory, of the smallest */
	uint32_t used; /* objects in the fullest */
	bool any;
};

struct room_votes {
	const struct way *way;
	struct room *rooms; /* of each cache */
};

static void see_room(struct solver *solver, size_t index, const struct cpu_words *words,
		     void *context)
{
	struct room_votes *votes = context;
	struct room *room = &votes->rooms[index];
	uint32_t size_at = solution_find(solver->solution, "sheaf_size")->member.offset;
	const struct solve_cache *cache = &solver->caches.items[index];
	dill_virt base;

	for (unsigned i = 0; i < NAMED; i++) {
		uint64_t sheaf = words->items[votes->way->first + i];
		uint32_t size;
		int owner;

		if (!points_back(solver, cache, sheaf, votes->way->owner) ||
		    !solver_keep(solver, solver_read(solver, sheaf + size_at, &size, 4)))
			continue;
		owner = solver_owner(solver, sheaf, &base);
		if (owner >= 0 && (!room->any || solver->caches.items[owner].size < room->most))
			room->most = solver->caches.items[owner].size;
		room->used = size > room->used ? size : room->used;
		room->any = true;
	}
}

/* As many as are in it at least, and as its memory has room for at most; none without a sheaf. */
static struct solve_tally fit_capacity(const struct solver *solver, const struct room *rooms,
				       int at, uint32_t objects_at)
{
	struct solve_tally tally = {0};

	for (size_t i = 0; i < solver->caches.count; i++) {
		uint32_t value = cache_u32(&solver->caches.items[i], at);
		const struct room *room = &rooms[i];
		bool fits = room->any ? value && value >= room->used && value <= SIZE_MAX_SHEAF &&
						(!room->most ||
						 objects_at + value * UINT64_C(8) <= room->most)
				      : !value;

		tally_add(&tally, !fits ? VOTE_AGAINST : room->any ? VOTE_FOR : VOTE_NONE);
	}
	return tally;
}

static void note_capacity(struct solver *solver, const struct room *rooms)
{
	uint32_t objects = solution_find(solver->solution, "sheaf_objects")->member.offset;
	struct solve_tally best = {0};
	unsigned candidates = 0;
	int best_at = 0;

	for (int at = solver->base; at + 4 <= solver->end; at += 4) {
		struct solve_tally tally = fit_capacity(solver, rooms, at, objects);

		if (solver_is_taken(solver, at) || tally.good < 2 ||
		    tally.good * 100 < tally.all * SOLVE_PERCENT)
			continue;
		candidates++;
		best = tally;
		best_at = at;
	}
	if (candidates == 1)
		solver_found(solver, "cache_sheaf_capacity", (uint32_t)(best_at - solver->base), 4,
			     best, "caches with sheaves");
	else
		solver_open(solver, "cache_sheaf_capacity", candidates, best,
			    "caches with sheaves");
}

static struct dill_error *find_capacity(struct solver *solver, const struct way *way)
{
	_cleanup_(freep)
	struct room *rooms = calloc(solver->caches.count + 1, sizeof(*rooms));

	if (!rooms)
		return error_no_memory();
	TRY(each_cpu(solver, way->column, see_room, &(struct room_votes){way, rooms}));
	note_capacity(solver, rooms);
	return NULL;
}

/* --- all of it --- */

/* What is left of the head is room for exactly one thing of two words, at its begin: the link of a
 * barn's list, or a struct rcu_head. */
static void note_links(struct solver *solver, const struct way *way)
{
	if (way->owner != 2)
		return;
	solver_found(solver, "sheaf_link", 0, 16, way->named[0], "CPUs");
	solver_found(solver, "sheaf_rcu", 0, 16, way->named[0], "CPUs");
}

static struct dill_error *note_way(struct solver *solver, const struct way *way)
{
	solver_found(solver, "cache_cpu_sheaves", (uint32_t)(way->column - solver->base), 8,
		     way->named[0], "CPUs");
	for (unsigned i = 0; i < NAMED; i++)
		solver_found(solver, named[i], (way->first + i) * 8, 8, way->named[i], "CPUs");
	solver->solution->no_sheaves = !way->sheaves;
	if (!way->sheaves)
		return NULL;
	solver_found(solver, "sheaf_cache", way->owner * 8, 8,
		     (struct solve_tally){way->sheaves, way->sheaves}, "sheaves");
	solver->sheaf_owner = way->owner * 8;
	note_links(solver, way);
	TRY(find_size(solver, way));
	return solver_has(solver, "sheaf_size") ? find_capacity(solver, way) : NULL;
}

struct dill_error *rule_sheaves(struct solver *solver)
{
	unsigned candidates = 0;
	struct way best = {0};

	for (int at = solver->base; at + 8 <= solver->end; at += 8)
		if (!solver_is_taken(solver, at) && may_be_percpu(solver, at))
			TRY(try_column(solver, at, &best, &candidates));
	if (candidates == 1)
		return note_way(solver, &best);
	solver_open(solver, "cache_cpu_sheaves", candidates, best.named[0], "CPUs");
	return NULL;
}
