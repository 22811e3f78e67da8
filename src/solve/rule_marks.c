/* SPDX-License-Identifier: MIT */
#include "solve/solver.h"

/*
 * How a slab's page says that it is one: what all slabs' descriptors have and no other page's. A
 * bit of the flags in the first word, or a page type: a top byte, or a cleared bit of a word whose
 * upper bits are set.
 * Source: include/linux/page-flags.h
 */

#define OTHERS_MAX 4096u
#define WORDS	   16u

struct mark_votes {
	uint32_t all_set[WORDS], all_clear[WORDS]; /* bits in all slabs */
	uint32_t some_set[WORDS];		   /* bits in other pages */
	uint32_t first[WORDS];
	bool one_top[WORDS]; /* one top byte in all slabs */
	bool top_elsewhere[WORDS];
	uint32_t typed_clear[WORDS]; /* bits that are clear in other pages with a type */
	unsigned slabs, others;
};

static void see_slab(struct mark_votes *votes, const uint32_t *words)
{
	for (unsigned i = 0; i < WORDS; i++) {
		if (!votes->slabs) {
			votes->first[i] = words[i];
			votes->all_set[i] = words[i];
			votes->all_clear[i] = ~words[i];
			votes->one_top[i] = true;
		}
		votes->all_set[i] &= words[i];
		votes->all_clear[i] &= ~words[i];
		votes->one_top[i] &= words[i] >> 24 == votes->first[i] >> 24;
	}
	votes->slabs++;
}

static void see_other(struct mark_votes *votes, const uint32_t *words)
{
	for (unsigned i = 0; i < WORDS; i++) {
		votes->some_set[i] |= words[i];
		votes->top_elsewhere[i] |= words[i] >> 24 == votes->first[i] >> 24;
		if ((words[i] & 0xf0000000) == 0xf0000000 && words[i] != UINT32_MAX)
			votes->typed_clear[i] |= ~words[i];
	}
	votes->others++;
}

static bool is_a_cache(const struct solver *solver, uint64_t address)
{
	for (size_t i = 0; i < solver->caches.count; i++)
		if (address == solver->caches.items[i].link + (uint64_t)(int64_t)solver->base)
			return true;
	return false;
}

/* Other pages, spread over all memory. */
static struct dill_error *see_others(struct solver *solver, struct mark_votes *votes)
{
	const struct memory_map *map = kernel_memory_map(solver->kernel);
	uint64_t pages = map->direct_size / DILL_PAGE_SIZE;
	uint64_t stride = pages / OTHERS_MAX | 1;
	uint64_t owner_at = (unsigned)(solver->slab_cache - solver->slab_base);

	for (uint64_t page = 0; page < pages; page += stride) {
		uint32_t words[WORDS + 16] = {0};
		uint64_t owner;
		struct dill_error *error = kernel_read(
			solver->kernel, map->vmemmap + page * map->page_struct_size, words,
			map->page_struct_size < sizeof(words) ? map->page_struct_size
							      : sizeof(words));

		if (error && error_is_fatal(error))
			return error;
		dill_error_free(error);
		memcpy(&owner, (uint8_t *)words + owner_at, sizeof(owner));
		/* A slab that was freed may have been one of a cache: it says nothing. */
		if (!error && !is_a_cache(solver, owner))
			see_other(votes, words);
	}
	return NULL;
}

static struct tally tally_of(const struct mark_votes *votes)
{
	return (struct tally){votes->slabs + votes->others, votes->slabs + votes->others};
}

/* Whether a word is of a member of the slab that is known. */
static bool slab_word_is_taken(const struct solver *solver, unsigned offset)
{
	for (size_t i = 0; i < solver->solution->count; i++) {
		const struct solved *item = &solver->solution->items[i];

		if (item->member.present && !strncmp(item->id, "slab_", 5) &&
		    offset + 4 > item->member.offset &&
		    offset < item->member.offset + item->member.size)
			return true;
	}
	return false;
}

/* A page type: words of which the top bits are set in all slabs. */
static unsigned find_type(struct solver *solver, const struct mark_votes *votes)
{
	unsigned found = 0;

	for (unsigned i = 2; i < WORDS; i++) {
		uint32_t bits = votes->all_clear[i] & ~votes->typed_clear[i];
		bool is_pointer = slab_word_is_taken(solver, i * 4);
		bool is_mask = (votes->all_set[i] & 0xf0000000) == 0xf0000000 && bits &&
			       !(bits & (bits - 1));

		if (is_pointer || !votes->one_top[i] || votes->first[i] < 0x80000000)
			continue;
		if (!votes->top_elsewhere[i] && votes->first[i] >> 24 != 0xff) {
			solver->solution->mark = SOLVED_MARK_BYTE;
			solver->solution->mark_value = votes->first[i] >> 24;
		} else if (is_mask) {
			solver->solution->mark = SOLVED_MARK_MASK;
			solver->solution->mark_value = bits;
		} else {
			continue;
		}
		solver_found(solver, "page_type", i * 4, 4, tally_of(votes), "pages");
		found++;
	}
	return found;
}

/* A bit of the first word. */
static unsigned find_flag(struct solver *solver, const struct mark_votes *votes)
{
	uint32_t bits = votes->all_set[0] & ~votes->some_set[0];

	if (!bits || bits & (bits - 1))
		return 0;
	solver->solution->mark = SOLVED_MARK_FLAG;
	solver->solution->mark_value = (uint32_t)__builtin_ctz(bits);
	solver_found(solver, "page_flags", 0, 8, tally_of(votes), "pages");
	return 1;
}

struct dill_error *rule_marks(struct solver *solver)
{
	struct mark_votes votes = {0};

	for (size_t i = 0; i < solver->slabs.count; i++) {
		const struct solve_slab *slab = &solver->slabs.items[i];
		uint32_t words[WORDS];

		memcpy(words, slab->bytes + SLAB_BEFORE + solver->slab_base, sizeof(words));
		if (slab_u64(slab, solver->slab_cache) ==
		    cache_base(solver, &solver->caches.items[slab->cache]))
			see_slab(&votes, words);
	}
	TRY(see_others(solver, &votes));
	if (votes.slabs < SOLVE_VOTES_MIN ||
	    find_flag(solver, &votes) + find_type(solver, &votes) != 1)
		return dill_error_new(DILL_ERROR_UNSUPPORTED,
				      "no mark tells %u slabs from %u other pages", votes.slabs,
				      votes.others);
	return NULL;
}
