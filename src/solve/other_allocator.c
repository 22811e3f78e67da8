/* SPDX-License-Identifier: MIT */
#include "solve/solver.h"

/*
 * Which allocator a kernel has that is not SLUB: by its functions, else by what its memory shows.
 * SLAB keeps three lists of slabs one behind the other in each node, where SLUB has one; SLOB
 * serves kmalloc() without caches, so that its list of caches has none of these names. Source:
 * mm/slab.h struct kmem_cache_node, mm/slab.c, mm/slob.c, to 6.7 and 6.3
 */

#define LISTS	    3u
#define LIST_BYTES  16u
#define LISTS_FIRST 0u /* a spinlock without SMP takes no room */
#define LISTS_LAST  0x40u
#define NO_SLUB	    "dill reads the heap of SLUB only"

/* A function that only the one has; all that begin so, as compilers add to names. */
static const struct {
	const char *function, *allocator;
} functions[] = {
	{"cache_reap", "SLAB"},
	{"cache_alloc_refill", "SLAB"},
	{"slab_prepare_cpu", "SLAB"},
	{"slob_", "SLOB"},
};

static struct dill_error *count_symbol(void *context, const struct symbol *symbol)
{
	if ((symbol->kind | 0x20) == 't')
		++*(unsigned *)context;
	return NULL;
}

static struct dill_error *by_functions(struct kernel *kernel)
{
	for (size_t i = 0; i < sizeof(functions) / sizeof(*functions); i++) {
		unsigned count = 0;

		TRY(kernel_each_symbol(kernel, functions[i].function, count_symbol, &count));
		if (count)
			return dill_error_new(DILL_ERROR_UNSUPPORTED,
					      "this kernel's allocator is %s: " NO_SLUB
					      "; its function %s%s tells",
					      functions[i].allocator, functions[i].function,
					      functions[i].function[4] == '_' ? "*" : "");
	}
	return NULL;
}

static bool is_closed(struct solver *solver, dill_virt head)
{
	uint64_t next, prev, back;

	if (!solver_word(solver, head, &next) || !solver_word(solver, head + 8, &prev))
		return false;
	if (next == head)
		return prev == head;
	return next >> 63 && prev >> 63 && solver_word(solver, next + 8, &back) && back == head &&
	       solver_word(solver, prev, &back) && back == head;
}

static bool has_lists(struct solver *solver, dill_virt node, unsigned at)
{
	for (unsigned i = 0; i < LISTS; i++)
		if (!is_closed(solver, node + at + (uint64_t)i * LIST_BYTES))
			return false;
	return true;
}

/* Whether a column of all caches leads to three lists in a row. */
static bool is_slab_column(struct solver *solver, int distance, unsigned at)
{
	struct solve_tally tally = {0};

	for (size_t i = 0; i < solver->caches.count; i++) {
		uint64_t node = cache_u64(&solver->caches.items[i], distance);

		tally_add(&tally, solver_is_pointer(solver, node) && has_lists(solver, node, at)
					  ? VOTE_FOR
					  : VOTE_AGAINST);
		if (i == 8 && tally.good < 4)
			return false;
	}
	return tally_decides(tally);
}

static bool is_slab(struct solver *solver)
{
	for (int distance = -CACHE_BEFORE; distance + 8 <= CACHE_AHEAD; distance += 8)
		for (unsigned at = LISTS_FIRST; at <= LISTS_LAST; at += 8)
			if (is_slab_column(solver, distance, at))
				return true;
	return false;
}

static struct dill_error *by_memory(struct solver *solver)
{
	struct dill_error *error = rule_caches(solver);

	if (!error && is_slab(solver))
		return dill_error_new(
			DILL_ERROR_UNSUPPORTED,
			"this kernel's allocator is SLAB: " NO_SLUB
			"; the nodes of its %zu caches have three lists of slabs each",
			solver->caches.count);
	if (!error || error_is_fatal(error))
		return error;
	dill_error_free(error);
	TRY(rule_caches_without_kmalloc(solver));
	if (!solver->caches.count)
		return NULL;
	return dill_error_new(DILL_ERROR_UNSUPPORTED,
			      "this kernel's allocator is SLOB: " NO_SLUB
			      "; none of its %zu caches is one of kmalloc's",
			      solver->caches.count);
}

struct dill_error *solve_other_allocator(struct kernel *kernel, bool look)
{
	struct solution *solution;
	struct solver solver = {.kernel = kernel};
	struct dill_error *error;

	TRY(by_functions(kernel));
	if (!look)
		return NULL;
	solution = calloc(1, sizeof(*solution));
	if (!solution)
		return error_no_memory();
	solver.solution = solution;
	error = by_memory(&solver);
	array_free(&solver.caches);
	free(solution);
	return error;
}
