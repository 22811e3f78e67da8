/* SPDX-License-Identifier: MIT */
#include "solve/solver.h"

/*
 * Members of struct kmem_cache that are told by their values in all caches: a row each. A rule says
 * of a value in one cache whether it fits; a column is taken when all fit and no other column does.
 */

/** A vote of one cache on the value of a column in it. */
typedef enum vote (*column_rule)(struct solver *solver, const struct solve_cache *cache,
				 uint64_t value);

struct column_row {
	const char *id;
	uint32_t size;
	column_rule fits;
	/** What all values together must be; NULL = nothing more. */
	bool (*fits_all)(const struct solver *solver, int at);
};

/* mm/slub.c: whole words, and a red zone behind objects that would leave no room for one. Since
 * debugging may move the metadata further, any other whole word up to the size is no vote. */
static enum vote inuse(struct solver *solver, const struct solve_cache *cache, uint64_t value)
{
	uint64_t words = (cache->object_size + 7ull) & ~7ull;

	(void)solver;
	if (value == words || value == words + 8)
		return VOTE_FOR;
	return value % 8 == 0 && value > words && value <= cache->size ? VOTE_NONE : VOTE_AGAINST;
}

/* Source: mm/slub.c set_min_partial(), MIN_PARTIAL, MAX_PARTIAL */
static enum vote min_partial(struct solver *solver, const struct solve_cache *cache, uint64_t value)
{
	uint64_t half = (31u - (unsigned)__builtin_clz(cache->size | 1)) / 2;

	(void)solver;
	return value == (half < 5 ? 5 : half > 10 ? 10 : half) ? VOTE_FOR : VOTE_AGAINST;
}

static bool is_own(const struct solve_cache *cache)
{
	return !strcmp(cache->name, "kmem_cache") || !strcmp(cache->name, "kmem_cache_node");
}

/* The kernel's own two are never merged, and kmalloc's ordinary ones are not where those of memcg
 * are apart (5.16 to 6.6). Source: mm/slab_common.c create_boot_cache(), new_kmalloc_cache() */
static enum vote refcount(struct solver *solver, const struct solve_cache *cache, uint64_t value)
{
	(void)solver;
	if (is_own(cache))
		return value == UINT32_MAX ? VOTE_FOR : VOTE_AGAINST;
	if (cache->is_plain && value == UINT32_MAX)
		return VOTE_FOR;
	return value && value < 4096 ? VOTE_FOR : VOTE_AGAINST;
}

static bool has_own(const struct solver *solver, int at)
{
	unsigned negative = 0;

	for (size_t i = 0; i < solver->caches.count; i++)
		negative += cache_u32(&solver->caches.items[i], at) == UINT32_MAX;
	return negative >= 2 && negative < solver->caches.count / 2;
}

/* Source: mm/slab_common.c calculate_alignment() */
static enum vote align(struct solver *solver, const struct solve_cache *cache, uint64_t value)
{
	(void)solver;
	return value >= 8 && !(value & (value - 1)) && cache->size % value == 0 ? VOTE_FOR
										: VOTE_AGAINST;
}

static enum vote ctor(struct solver *solver, const struct solve_cache *cache, uint64_t value)
{
	const struct image *image = kernel_image(solver->kernel);

	(void)cache;
	if (!value)
		return VOTE_FOR;
	for (size_t i = 0; i < image->regions.count; i++) {
		const struct image_region *region = &image->regions.items[i];

		if (value - region->first < region->size)
			return region->executable ? VOTE_FOR : VOTE_AGAINST;
	}
	return value > KERNEL_WINDOW_LAST && value < UINT64_MAX - DILL_PAGE_SIZE ? VOTE_FOR
										 : VOTE_AGAINST;
}

/* Some, but not all; more than one. */
static bool is_sparse(const struct solver *solver, int at)
{
	uint64_t seen = 0;
	unsigned set = 0, changes = 0;

	for (size_t i = 0; i < solver->caches.count; i++) {
		uint64_t value = cache_u64(&solver->caches.items[i], at);

		set += value != 0;
		changes += value && value != seen;
		if (value)
			seen = value;
	}
	return set >= SOLVE_VOTES_MIN && set < solver->caches.count && changes >= 2;
}

/* HARDENED_USERCOPY: all of kmalloc's objects, nothing of most others. */
static enum vote usersize(struct solver *solver, const struct solve_cache *cache, uint64_t value)
{
	(void)solver;
	if (cache->is_plain)
		return value == cache->promised ? VOTE_FOR : VOTE_AGAINST;
	return value <= cache->object_size ? VOTE_NONE : VOTE_AGAINST;
}

static bool is_mostly_zero(const struct solver *solver, int at)
{
	unsigned zero = 0;

	for (size_t i = 0; i < solver->caches.count; i++)
		zero += !cache_u32(&solver->caches.items[i], at);
	return zero > solver->caches.count / 4;
}

/* The bytes of a slab's objects in random order. Source: mm/slub.c init_cache_random_seq() */
static enum vote random_seq(struct solver *solver, const struct solve_cache *cache, uint64_t value)
{
	uint32_t places[8], count = cache->oo & 0xffff, words = count < 8 ? count : 8;

	if (!value)
		return VOTE_NONE;
	if (!solver_is_pointer(solver, value) || solver->fatal ||
	    !solver_keep(solver,
			 kernel_read(solver->kernel, value, places, words * sizeof(*places))))
		return VOTE_AGAINST;
	for (uint32_t i = 0; i < words; i++) {
		if (places[i] % cache->size || places[i] / cache->size >= count)
			return VOTE_AGAINST;
		for (uint32_t j = 0; j < i; j++)
			if (places[i] == places[j])
				return VOTE_AGAINST;
	}
	return words > 1 ? VOTE_FOR : VOTE_NONE;
}

/* How many objects CPUs may keep in partial slabs, by the size of a cache: to 5.15, and since. With
 * debugging none. Source: mm/slub.c set_cpu_partial() */
static enum vote cpu_partial(struct solver *solver, const struct solve_cache *cache, uint64_t value)
{
	static const uint32_t by_size[2][4] = {{30, 13, 6, 2}, {120, 52, 24, 6}};
	unsigned row = (cache->size >= 256) + (cache->size >= 1024) + (cache->size >= 4096);

	if (!value || !solver->has_cpus)
		return solver->has_cpus ? VOTE_NONE : VOTE_AGAINST;
	return value == by_size[0][row] || value == by_size[1][row] ? VOTE_FOR : VOTE_AGAINST;
}

/* The same in slabs that are half full, rounded up. Source: mm/slub.c slub_set_cpu_partial() */
static enum vote cpu_partial_slabs(struct solver *solver, const struct solve_cache *cache,
				   uint64_t value)
{
	const struct solved *known = solution_find(solver->solution, "cache_cpu_partial");
	uint32_t per_slab = cache->oo & 0xffff;
	uint64_t objects;

	if (!known || !known->member.present || !per_slab)
		return VOTE_AGAINST;
	objects = cache_u32(cache, solver->base + (int)known->member.offset);
	if (!objects && !value)
		return VOTE_NONE;
	return value == (objects * 2 + per_slab - 1) / per_slab ? VOTE_FOR : VOTE_AGAINST;
}

/* --- the flags --- */

/*
 * SLAB_HWCACHE_ALIGN, as it was a macro, and as an enumerator of _slab_flag_bits since 6.9. Caches
 * that have it are aligned to cache lines, small ones to the part of one that holds them.
 */
#define ALIGN_MACRO 0x2000u
#define ALIGN_BIT   0x10u
#define CACHE_LINE  64u

static enum vote flag_fits(const struct solve_cache *cache, uint32_t flags, uint32_t mask)
{
	uint32_t part = CACHE_LINE;

	if (!(flags & mask))
		return VOTE_NONE;
	while (cache->object_size <= part / 2)
		part /= 2;
	return cache->size % part == 0 ? VOTE_FOR : VOTE_AGAINST;
}

/* Whether flags differ in one bit at most: those of kmalloc's ordinary caches are the same, but for
 * what its slabs have room for (SLAB_OBJ_EXT_IN_OBJ). */
static bool is_near(uint32_t one, uint32_t other)
{
	return !((one ^ other) & ((one ^ other) - 1));
}

/* Votes for a column of flags. */
static struct solve_tally fit_flags(const struct solver *solver, int at, uint32_t mask)
{
	struct solve_tally tally = {0}, plain = {0};
	uint32_t expected = 0;
	unsigned changes = 0, low = 0;

	for (size_t i = 0; i < solver->caches.count; i++) {
		const struct solve_cache *cache = &solver->caches.items[i];
		uint32_t flags = cache_u32(cache, at);

		tally_add(&tally, flag_fits(cache, flags, mask));
		low += (flags & 0xff) != 0;
		changes += i && flags != cache_u32(cache - 1, at);
		if (!cache->is_plain || cache->promised > 4096)
			continue;
		if (!plain.all)
			expected = flags;
		tally_add(&plain, is_near(flags, expected) ? VOTE_FOR : VOTE_AGAINST);
	}
	if (!tally_decides(plain) || !expected || changes < 2 || (mask == ALIGN_MACRO && low))
		tally.good = 0;
	return tally;
}

static void find_flags(struct solver *solver)
{
	static const uint32_t masks[] = {ALIGN_MACRO, ALIGN_BIT};
	struct solve_tally best = {0};
	unsigned candidates = 0;
	int best_at = 0;

	for (int at = solver->base; at + 4 <= solver->end; at += 4)
		for (unsigned m = 0; m < 2; m++) {
			struct solve_tally tally = fit_flags(solver, at, masks[m]);

			if (!tally_decides(tally) || tally.good != tally.all ||
			    solver_is_taken(solver, at))
				continue;
			candidates++;
			best = tally;
			best_at = at;
			solver->solution->flags_are_numbered = masks[m] == ALIGN_BIT;
		}
	if (candidates == 1)
		solver_found(solver, "cache_flags", (uint32_t)(best_at - solver->base), 4, best,
			     "aligned caches");
	else
		solver_open(solver, "cache_flags", candidates, best, "aligned caches");
}

/* --- what follows from them --- */

/* SLAB_RED_ZONE as a macro and as an enumerator. */
#define RED_ZONE_MACRO 0x400u
#define RED_ZONE_BIT   0x2u

static int known_at(const struct solver *solver, const char *id)
{
	const struct solved *item = solution_find(solver->solution, id);

	return solver->base + (int)item->member.offset;
}

/* Source: mm/slub.c calculate_sizes() */
static bool pads_fit(const struct solver *solver, int at, struct solve_tally *ret)
{
	uint32_t mask = solver->solution->flags_are_numbered ? RED_ZONE_BIT : RED_ZONE_MACRO;
	int flags = known_at(solver, "cache_flags"), align = known_at(solver, "cache_align");
	unsigned set = 0;

	*ret = (struct solve_tally){0};
	for (size_t i = 0; i < solver->caches.count; i++) {
		const struct solve_cache *cache = &solver->caches.items[i];
		bool zone = cache_u32(cache, flags) & mask;

		set += zone;
		tally_add(ret, cache_u32(cache, at) == (zone ? cache_u32(cache, align) : 0)
				       ? VOTE_FOR
				       : VOTE_AGAINST);
	}
	return set && tally_decides(*ret) && ret->good == ret->all;
}

static bool has_red_zones(const struct solver *solver)
{
	uint32_t mask = solver->solution->flags_are_numbered ? RED_ZONE_BIT : RED_ZONE_MACRO;
	int flags = known_at(solver, "cache_flags");

	for (size_t i = 0; i < solver->caches.count; i++)
		if (cache_u32(&solver->caches.items[i], flags) & mask)
			return true;
	return false;
}

/* SLAB_CONSISTENCY_CHECKS, RED_ZONE, POISON, STORE_USER and TRACE of both kinds. */
#define DEBUG_MACROS 0x210d00u
#define DEBUG_BITS   0x487u

/* Caches with debugging give nothing to CPUs: neither slabs nor sheaves. */
static bool are_all_debugged(const struct solver *solver)
{
	uint32_t mask = solver->solution->flags_are_numbered ? DEBUG_BITS : DEBUG_MACROS;
	int flags = known_at(solver, "cache_flags");

	for (size_t i = 0; i < solver->caches.count; i++)
		if (!(cache_u32(&solver->caches.items[i], flags) & mask))
			return false;
	return true;
}

/* The red zone in front of objects where too few freelists of such caches tell: it is as wide as
 * objects are aligned, in caches that have one. */
static void find_red_left_pad(struct solver *solver)
{
	struct solve_tally tally, best = {0};
	unsigned candidates = 0;
	int best_at = 0;

	if (solver_has(solver, "cache_red_left_pad") || !solver_has(solver, "cache_flags"))
		return;
	solver->solution->no_red_zones = !has_red_zones(solver);
	if (solver->solution->no_red_zones || !solver_has(solver, "cache_align"))
		return;
	for (int at = solver->base; at + 4 <= solver->end; at += 4)
		if (!solver_is_taken(solver, at) && pads_fit(solver, at, &tally)) {
			candidates++;
			best = tally;
			best_at = at;
		}
	if (candidates == 1)
		solver_found(solver, "cache_red_left_pad", (uint32_t)(best_at - solver->base), 4,
			     best, "caches");
	else
		solver_open(solver, "cache_red_left_pad", candidates, best, "caches");
}

/* HARDENED_USERCOPY's other half: a part of the object, set only where the size is. */
static struct solve_tally fit_useroffset(const struct solver *solver, int at)
{
	int usersize = known_at(solver, "cache_usersize");
	struct solve_tally tally = {0};

	for (size_t i = 0; i < solver->caches.count; i++) {
		const struct solve_cache *cache = &solver->caches.items[i];
		uint64_t offset = cache_u32(cache, at), size = cache_u32(cache, usersize);
		bool fits = !offset || (size && offset + size <= cache->object_size);

		tally_add(&tally, !fits ? VOTE_AGAINST : offset ? VOTE_FOR : VOTE_NONE);
	}
	return tally;
}

static void find_useroffset(struct solver *solver)
{
	struct solve_tally best = {0};
	unsigned candidates = 0;
	int best_at = 0;

	if (!solver_has(solver, "cache_usersize"))
		return;
	for (int at = solver->base; at + 4 <= solver->end; at += 4) {
		struct solve_tally tally = fit_useroffset(solver, at);

		if (solver_is_taken(solver, at) || !tally_decides(tally))
			continue;
		candidates++;
		best = tally;
		best_at = at;
	}
	if (candidates == 1)
		solver_found(solver, "cache_useroffset", (uint32_t)(best_at - solver->base), 4,
			     best, "caches");
	else
		solver_open(solver, "cache_useroffset", candidates, best, "caches");
}

/* --- all of them --- */

static const struct column_row rows[] = {
	{"cache_inuse", 4, inuse, NULL},
	{"cache_min_partial", 8, min_partial, NULL},
	{"cache_refcount", 4, refcount, has_own},
	{"cache_random_seq", 8, random_seq, NULL},
	{"cache_ctor", 8, ctor, is_sparse},
	{"cache_usersize", 4, usersize, is_mostly_zero},
	{"cache_align", 4, align, NULL},
	{"cache_cpu_partial", 4, cpu_partial, NULL},
	{"cache_cpu_partial_slabs", 4, cpu_partial_slabs, NULL},
};

static struct solve_tally fit(struct solver *solver, const struct column_row *row, int at)
{
	struct solve_tally tally = {0};

	for (size_t i = 0; i < solver->caches.count; i++) {
		const struct solve_cache *cache = &solver->caches.items[i];

		if (cache->size)
			tally_add(&tally, row->fits(solver, cache,
						    row->size == 8 ? cache_u64(cache, at)
								   : cache_u32(cache, at)));
	}
	return tally;
}

static void find_column(struct solver *solver, const struct column_row *row)
{
	struct solve_tally best = {0};
	unsigned candidates = 0;
	int best_at = 0;

	for (int at = solver->base; at + (int)row->size <= solver->end; at += (int)row->size) {
		struct solve_tally tally;

		if (solver_is_taken(solver, at))
			continue;
		tally = fit(solver, row, at);
		if (!tally_decides(tally) || (row->fits_all && !row->fits_all(solver, at)))
			continue;
		candidates++;
		best = tally;
		best_at = at;
	}
	if (candidates == 1)
		solver_found(solver, row->id, (uint32_t)(best_at - solver->base), row->size, best,
			     "caches");
	else
		solver_open(solver, row->id, candidates, best, "caches");
}

struct dill_error *rule_columns(struct solver *solver)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		find_column(solver, &rows[i]);
	find_flags(solver);
	solver->solution->all_debug = solver_has(solver, "cache_flags") && are_all_debugged(solver);
	find_red_left_pad(solver);
	find_useroffset(solver);
	return NULL;
}
