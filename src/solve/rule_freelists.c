/* SPDX-License-Identifier: MIT */
#include "solve/solver.h"

/*
 * Where objects keep the pointer to the next free one, how it is encoded, and the counters of a
 * slab. All of them together, since one equation decides: in every slab, the objects in use and
 * those on its freelist are all objects.
 * Source: mm/slub.c freelist_ptr_encode(), struct slab's inuse, objects, frozen
 */

#define CHAINS_MAX 64u
#define CHAIN_MAX  32767u
/* Places that pass the first look. */
#define PLACES_MAX 64u

enum encoding { PLAIN, XOR, XOR_SWAPPED, ENCODINGS };

static uint64_t decode(enum encoding encoding, uint64_t key, uint64_t stored, dill_virt slot)
{
	switch (encoding) {
	case XOR:
		return stored ^ key ^ slot;
	case XOR_SWAPPED:
		return stored ^ key ^ __builtin_bswap64(slot);
	case PLAIN:
	case ENCODINGS:
		break;
	}
	return stored;
}

/* A way to read freelists: columns of a cache, and of a slab the counter of its objects. */
struct way {
	int offset, key;
	enum encoding encoding;
};

/* Whether @p next can follow @p object in a freelist. */
static bool follows(const struct solve_cache *cache, const struct solve_slab *slab,
		    dill_virt object, uint64_t next)
{
	uint64_t bytes = 4096u << (cache->oo >> 16);
	uint64_t apart = next > object ? next - object : object - next;

	return !next || (next >= slab->base && next - slab->base < bytes && apart &&
			 apart % cache->size == 0);
}

static bool step(struct solver *solver, const struct solve_slab *slab, const struct way *way,
		 dill_virt object, uint64_t *ret)
{
	const struct solve_cache *cache = &solver->caches.items[slab->cache];
	dill_virt slot = object + cache_u32(cache, way->offset);
	uint64_t stored, key = way->encoding == PLAIN ? 0 : cache_u64(cache, way->key);

	if (!solver_word(solver, slot, &stored))
		return false;
	*ret = decode(way->encoding, key, stored, slot);
	return follows(cache, slab, object, *ret);
}

/* Length of a freelist; UINT32_MAX when it is none. */
static uint32_t length(struct solver *solver, const struct solve_slab *slab, const struct way *way)
{
	const struct solve_cache *cache = &solver->caches.items[slab->cache];
	uint32_t count = 0, most = cache->oo & 0xffff;

	for (uint64_t object = slab->freelist; object; count++)
		if (count >= most || !step(solver, slab, way, object, &object))
			return UINT32_MAX;
	return count;
}

/* Slabs that are good to try: with a freelist, one of each cache first. */
static const struct solve_slab *sample(const struct solver *solver, size_t index)
{
	size_t passed = 0;

	for (unsigned round = 0; round < SLABS_PER_CACHE; round++) {
		size_t cache = SIZE_MAX;
		unsigned of_cache = 0;

		for (size_t i = 0; i < solver->slabs.count; i++) {
			const struct solve_slab *slab = &solver->slabs.items[i];
			const struct solve_cache *of = &solver->caches.items[slab->cache];

			of_cache = slab->cache == cache ? of_cache + 1 : 0;
			cache = slab->cache;
			/* A damaged cache may have lost its size. */
			if (of_cache == round && slab->freelist && of->oo && of->size &&
			    passed++ == index)
				return slab;
		}
	}
	return NULL;
}

struct samples {
	const struct solve_slab *items[CHAINS_MAX];
	uint32_t lengths[CHAINS_MAX];
	unsigned count;
};

static struct samples take_samples(const struct solver *solver)
{
	struct samples samples = {0};
	const struct solve_slab *slab;

	while (samples.count < CHAINS_MAX && (slab = sample(solver, samples.count)))
		samples.items[samples.count++] = slab;
	return samples;
}

/* Whether a column can be an offset in the objects of all caches. */
static bool is_offset(const struct solver *solver, int at)
{
	struct solve_tally tally = {0};

	for (size_t i = 0; i < solver->caches.count; i++) {
		const struct solve_cache *cache = &solver->caches.items[i];
		uint32_t value = cache_u32(cache, at);

		if (cache->size)
			tally_add(&tally, value % 8 == 0 && (uint64_t)value + 8 <= cache->size
						  ? VOTE_FOR
						  : VOTE_AGAINST);
	}
	return tally_decides(tally);
}

/* Whether the first steps of the first slabs succeed. */
static bool looks_right(struct solver *solver, const struct samples *samples, const struct way *way)
{
	struct solve_tally tally = {0};

	for (unsigned i = 0; i < samples->count && i < 12; i++) {
		uint64_t next;

		tally_add(&tally,
			  step(solver, samples->items[i], way, samples->items[i]->freelist, &next)
				  ? VOTE_FOR
				  : VOTE_AGAINST);
	}
	return tally.good * 4 > tally.all * 3;
}

/* The counters, once the lengths of the freelists are known. */
struct counters {
	int objects; /* distance from the slab's list entry; inuse is 2 bytes in front of it */
	struct solve_tally tally;
	unsigned candidates;
};

static struct counters find_counters(const struct samples *samples)
{
	struct counters best = {0};

	for (int at = -SLAB_BEFORE + 2; at + 2 <= SLAB_AHEAD; at += 4) {
		struct solve_tally tally = {0};

		for (unsigned i = 0; i < samples->count; i++) {
			const struct solve_slab *slab = samples->items[i];
			uint16_t objects = slab_u16(slab, at) & 0x7fff,
				 inuse = slab_u16(slab, at - 2);

			tally_add(&tally, objects && inuse <= objects &&
							  inuse + samples->lengths[i] == objects
						  ? VOTE_FOR
						  : VOTE_AGAINST);
		}
		if (!tally_decides(tally))
			continue;
		best.candidates++;
		best.objects = at;
		best.tally = tally;
	}
	return best;
}

struct winner {
	struct way way;
	struct counters counters;
	struct solve_tally chains;
};

struct winners {
	struct winner items[PLACES_MAX];
	unsigned count;
};

/* Walk all samples one way; a winner when the equation holds. */
static void try_way(struct solver *solver, struct samples *samples, const struct way *way,
		    struct winners *winners)
{
	struct solve_tally chains = {0};
	struct counters counters;

	if (!looks_right(solver, samples, way))
		return;
	for (unsigned i = 0; i < samples->count; i++) {
		samples->lengths[i] = length(solver, samples->items[i], way);
		tally_add(&chains, samples->lengths[i] != UINT32_MAX ? VOTE_FOR : VOTE_AGAINST);
	}
	if (!tally_decides(chains))
		return;
	counters = find_counters(samples);
	if (counters.candidates == 1 && winners->count < PLACES_MAX)
		winners->items[winners->count++] = (struct winner){*way, counters, chains};
}

/* Whether two ways read every cache alike. */
static bool is_same(const struct solver *solver, const struct way *a, const struct way *b)
{
	for (size_t i = 0; i < solver->caches.count; i++) {
		const struct solve_cache *cache = &solver->caches.items[i];

		if (cache_u32(cache, a->offset) != cache_u32(cache, b->offset))
			return false;
	}
	return true;
}

/*
 * What won. With debugging the free pointer lies where the metadata begins, and two columns say so
 * in all caches: then the first one is taken, which is offset, as neither is wrong. Others are
 * ambiguous.
 */
static struct dill_error *note_winner(struct solver *solver, const struct winners *winners)
{
	const struct winner *first = winners->items;
	bool differ = false;

	for (unsigned i = 1; i < winners->count; i++)
		differ |= !is_same(solver, &first->way, &winners->items[i].way) ||
			  first->way.encoding != winners->items[i].way.encoding ||
			  first->way.key != winners->items[i].way.key;
	if (!winners->count || differ)
		return dill_error_new(
			DILL_ERROR_UNSUPPORTED,
			"%u ways to read the freelists fit the counters of all slabs%s",
			winners->count, winners->count ? ", so that it is ambiguous" : "");
	solver_found(solver, "cache_offset", (uint32_t)(first->way.offset - solver->base), 4,
		     first->chains, "freelists");
	if (first->way.encoding != PLAIN)
		solver_found(solver, "cache_random", (uint32_t)(first->way.key - solver->base), 8,
			     first->chains, "freelists");
	return NULL;
}

/* Whether a column is 0 in a cache: an alignment never is. */
static bool has_zero(const struct solver *solver, int at)
{
	for (size_t i = 0; i < solver->caches.count; i++)
		if (!cache_u32(&solver->caches.items[i], at))
			return true;
	return false;
}

/*
 * The red zone in front of objects: freelists lead to what is behind it. A column of zeros fits
 * where no cache has one; that is no vote for it. It is as wide as objects are aligned, so that the
 * column of alignments fits, too: that has no zeros, and where this one has none either they are
 * the same, and the second one of both is taken, as they are declared.
 */
static void find_red_left_pad(struct solver *solver, const struct samples *samples)
{
	unsigned candidates = 0, zeros = 0, found_at = 0;
	struct solve_tally best = {0};
	bool none = samples->count;

	for (unsigned i = 0; i < samples->count; i++) {
		const struct solve_slab *slab = samples->items[i];

		none &= (slab->freelist - slab->base) % solver->caches.items[slab->cache].size == 0;
	}
	solver->solution->no_red_zones = none; /* until flags tell more */
	if (none)
		return;

	for (int at = solver->base; at + 4 <= solver->end; at += 4) {
		struct solve_tally tally = {0};

		if (solver_is_taken(solver, at))
			continue;
		for (unsigned i = 0; i < samples->count; i++) {
			const struct solve_slab *slab = samples->items[i];
			const struct solve_cache *cache = &solver->caches.items[slab->cache];
			uint32_t pad = cache_u32(cache, at);
			bool fits = (slab->freelist - slab->base) % cache->size == pad;

			tally_add(&tally, !fits ? VOTE_AGAINST : pad ? VOTE_FOR : VOTE_NONE);
		}
		if (!tally_decides(tally))
			continue;
		candidates++;
		if (zeros && !has_zero(solver, at))
			continue;
		zeros += has_zero(solver, at);
		found_at = (unsigned)(at - solver->base);
		best = tally;
	}
	if (candidates == 1 || (candidates == 2 && zeros <= 1))
		solver_found(solver, "cache_red_left_pad", found_at, 4, best, "freelists");
	else
		solver_open(solver, "cache_red_left_pad", candidates, best, "freelists");
}

/* inuse:16, objects:15, frozen:1, as they are declared, or all three read from one word. */
static void note_counters(struct solver *solver, const struct counters *counters)
{
	struct solution *solution = solver->solution;
	uint32_t at = (uint32_t)(counters->objects - solver->slab_base);

	solver_found(solver, "slab_inuse", at - 2, 2, counters->tally, "freelists");
	solution->items[solution->count - 1].member.bit_size = 16;
	solver_found(solver, "slab_objects", at, 2, counters->tally, "freelists");
	solution->items[solution->count - 1].member.bit_size = 15;
	/* The bit that is left of the word. */
	solver_found(solver, "slab_frozen", at + 1, 1, counters->tally, "freelists");
	solution->items[solution->count - 1].member.bit_shift = 7;
	solution->items[solution->count - 1].member.bit_size = 1;
}

struct dill_error *rule_freelists(struct solver *solver)
{
	struct samples samples = take_samples(solver);
	struct winners winners = {0};

	for (int offset = solver->base; offset + 4 <= solver->end; offset += 4) {
		if (!is_offset(solver, offset))
			continue;
		try_way(solver, &samples, &(struct way){offset, 0, PLAIN}, &winners);
		for (int key = solver->base; key + 8 <= solver->end; key += 8)
			for (enum encoding e = XOR; e < ENCODINGS; e++)
				try_way(solver, &samples, &(struct way){offset, key, e}, &winners);
	}
	TRY(note_winner(solver, &winners));
	note_counters(solver, &winners.items[0].counters);
	find_red_left_pad(solver, &samples);
	return NULL;
}
