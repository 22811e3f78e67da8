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
	/* Of pages that name a cache, slabs or what was one: how many have the first of two bits in
	 * their first word, and not the second. */
	unsigned lacks[32][32];
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

static void see_owned(struct mark_votes *votes, uint32_t word)
{
	for (unsigned set = 0; set < 32; set++)
		for (unsigned clear = 0; word >> set & 1 && clear < 32; clear++)
			votes->lacks[set][clear] += !(word >> clear & 1);
}

static bool is_a_cache(const struct solver *solver, uint64_t address)
{
	for (size_t i = 0; i < solver->caches.count; i++)
		if (address == solver->caches.items[i].link + (uint64_t)(int64_t)solver->base)
			return true;
	return false;
}

/* A struct page that may be a slab's or not: no more of it than its words. */
struct looked {
	uint32_t words[WORDS + 16];
	bool read;
};

static struct dill_error *look(struct solver *solver, dill_virt page, struct looked *ret)
{
	uint64_t size = kernel_memory_map(solver->kernel)->page_struct_size;
	struct dill_error *error;

	*ret = (struct looked){0};
	if (!kernel_is_page_struct(solver->kernel, page))
		return NULL;
	error = kernel_read(solver->kernel, page, ret->words,
			    size < sizeof(ret->words) ? size : sizeof(ret->words));
	if (error && error_is_fatal(error))
		return error;
	ret->read = !error;
	dill_error_free(error);
	return NULL;
}

static void see_page(const struct solver *solver, struct mark_votes *votes,
		     const struct looked *page)
{
	int owner_at = solver->slab_cache - solver->slab_base;
	uint64_t owner = solver_copied(page->words, sizeof(page->words), owner_at, 8);

	if (!page->read)
		return;
	/* A slab that was freed may still name its cache: it is no other page for sure. */
	if (is_a_cache(solver, owner))
		see_owned(votes, *page->words);
	else
		see_other(votes, page->words);
}

/* The head of a page behind it: what is compound, too, but no slab, is seldom met by itself. */
static struct dill_error *see_head_of(struct solver *solver, struct mark_votes *votes,
				      dill_virt page, const struct looked *tail)
{
	const struct solved *member = solution_find(solver->solution, "page_head");
	struct looked head;
	uint64_t word;

	if (!tail->read || !member || !member->member.present)
		return NULL;
	word = solver_copied(tail->words, sizeof(tail->words), member->member.offset, 8);
	if (!(word & 1))
		return NULL;
	TRY(look(solver, word >> 32 == UINT32_MAX ? page & word : word - 1, &head));
	see_page(solver, votes, &head);
	return NULL;
}

/* Other pages, spread over all memory. */
static struct dill_error *see_others(struct solver *solver, struct mark_votes *votes)
{
	const struct memory_map *map = kernel_memory_map(solver->kernel);
	uint64_t pages = map->direct_size / map->page_size;
	uint64_t stride = pages / OTHERS_MAX | 1;

	for (uint64_t number = map->first / map->page_size; number < pages; number += stride) {
		dill_virt page = map->vmemmap + number * map->page_struct_size;
		struct looked looked;

		TRY(look(solver, page, &looked));
		see_page(solver, votes, &looked);
		TRY(see_head_of(solver, votes, page, &looked));
	}
	return NULL;
}

static struct solve_tally tally_of(const struct mark_votes *votes)
{
	return (struct solve_tally){votes->slabs + votes->others, votes->slabs + votes->others};
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

/* Of several bits that all slabs have the one that others come with: where all are compound, they
 * have PG_head, too, but a slab of a single page does not. */
static uint32_t widest(const struct mark_votes *votes, uint32_t bits)
{
	for (unsigned bit = 0; bit < 32; bit++) {
		bool wins = bits >> bit & 1;

		for (unsigned other = 0; other < 32 && wins; other++)
			if (other != bit && bits >> other & 1)
				wins = votes->lacks[bit][other] >= SOLVE_VOTES_MIN &&
				       !votes->lacks[other][bit];
		if (wins)
			return UINT32_C(1) << bit;
	}
	return 0;
}

/* A bit of the first word. */
static unsigned find_flag(struct solver *solver, const struct mark_votes *votes)
{
	uint32_t bits = widest(votes, votes->all_set[0] & ~votes->some_set[0]);

	if (!bits)
		return 0;
	solver->solution->mark = SOLVED_MARK_FLAG;
	solver->solution->mark_value = (uint32_t)__builtin_ctz(bits);
	solver_found(solver, "page_flags", 0, 8, tally_of(votes), "pages");
	return 1;
}

struct dill_error *rule_marks(struct solver *solver)
{
	struct mark_votes votes = {0};
	unsigned found;

	for (size_t i = 0; i < solver->slabs.count; i++) {
		const struct solve_slab *slab = &solver->slabs.items[i];
		uint32_t words[WORDS];

		memcpy(words, slab->bytes + SLAB_BEFORE + solver->slab_base, sizeof(words));
		if (slab_u64(slab, solver->slab_cache) ==
		    cache_base(solver, &solver->caches.items[slab->cache]))
			see_slab(&votes, words);
	}
	TRY(see_others(solver, &votes));
	found = votes.slabs < SOLVE_VOTES_MIN ? 0 : find_type(solver, &votes);
	/* A type says more than a bit: all slabs that lists of nodes have share one that says so.
	 * Source: mm/slub.c slab_test_node_partial() since 6.9 */
	if (votes.slabs >= SOLVE_VOTES_MIN && !found)
		found = find_flag(solver, &votes);
	if (found != 1)
		return dill_error_new(DILL_ERROR_UNSUPPORTED,
				      "no mark tells %u slabs from %u other pages", votes.slabs,
				      votes.others);
	return NULL;
}
