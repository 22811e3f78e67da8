/* SPDX-License-Identifier: MIT */
#include "slub/heap_open.h"

#include <stdlib.h>

#include "kernel/kernel_types.h"
#include "slub/layout_check.h"
#include "solve/solution.h"

/* Whether this kernel's allocator knows sheaves: by its functions, else by the name of a file in
 * /sys/kernel/slab. Source: mm/slub.c since 6.18 */
static struct dill_error *may_have_sheaves(struct kernel *kernel, bool *ret)
{
	*ret = kernel_has_symbol(kernel, "rcu_free_sheaf", NULL) ||
	       kernel_has_symbol(kernel, "__kfree_rcu_sheaf", NULL);
	return kernel_has_symbols(kernel) ? NULL
					  : kernel_image_has_text(kernel, "sheaf_capacity", ret);
}

/* SLUB_TINY has neither. Function symbols tell, where there are any. Source: mm/slub.c */
static bool is_tiny(const struct heap *heap)
{
	return kernel_has_symbol(heap->kernel, "kfree", NULL) &&
	       !kernel_has_symbol(heap->kernel, "___slab_alloc", NULL) &&
	       !kernel_has_symbol(heap->kernel, "put_cpu_partial", NULL);
}

/* Whether CPUs may have slabs that were not found. */
static bool lacks_cpu_slabs(const struct heap *heap)
{
	const struct layout *l = &heap->layout;

	if (l->cache_cpu_slab.present || heap->solution->all_debug || is_tiny(heap))
		return false;
	return !l->cache_cpu_sheaves.present || solution_has(heap->solution, "cache_cpu_slab");
}

/*
 * What free objects may be in, and nobody has looked into. CPUs have slabs of their own, or
 * sheaves, or both, unless all caches have debugging.
 */
static struct dill_error *find_unsolved(struct heap *heap)
{
	bool sheaves;

	if (!heap->layout.is_solved)
		return NULL;
	TRY(may_have_sheaves(heap->kernel, &sheaves));
	if (sheaves && !heap->layout.cache_cpu_sheaves.present && !heap->solution->all_debug)
		heap->unsolved = "sheaves of CPUs and nodes";
	else if (lacks_cpu_slabs(heap))
		heap->unsolved = "slabs of CPUs";
	else if (kernel_has_symbol(heap->kernel, "slab_free_after_rcu_debug", NULL))
		heap->unsolved = "objects that SLUB_RCU_DEBUG keeps back";
	return NULL;
}

/* What keeps dill from a heap of SLUB's may be that it is none. */
static struct dill_error *name_allocator(struct heap *heap, struct dill_error *error)
{
	struct dill_error *other;

	if (!error || dill_error_code(error) != DILL_ERROR_UNSUPPORTED)
		return error;
	other = solve_other_allocator(heap->kernel, true);
	if (!other)
		return error;
	dill_error_free(error);
	return other;
}

/* A kernel without types: the layout is solved from its memory. */
static struct dill_error *solve(struct heap *heap, const struct dill_error *no_types)
{
	struct dill_error *error = solve_heap(heap->kernel, &heap->solution), *both;

	if (!error) {
		heap->slab_caches = heap->solution->slab_caches;
		error = layout_take_solution(heap->solution, &heap->layout);
	}
	if (!error)
		kernel_take_members(heap->kernel, members_of_solution(heap->solution),
				    heap->solution->node_bits);
	if (!error || error_is_fatal(error))
		return error;
	both = dill_error_new(dill_error_code(error), "%s; %s", dill_error_text(error),
			      dill_error_text(no_types));
	dill_error_free(error);
	return both;
}

/* Where symbols do not tell the list of caches and the array of struct page, the solver does, also
 * for types that a file has. */
static struct dill_error *find_roots(struct heap *heap)
{
	if (kernel_symbols_are_complete(heap->kernel))
		return dill_error_add_context(
			kernel_symbol(heap->kernel, "slab_caches", &heap->slab_caches),
			"the list of caches");
	TRY(solve_heap(heap->kernel, &heap->solution));
	heap->slab_caches = heap->solution->slab_caches;
	return NULL;
}

static struct dill_error *find_layout(struct heap *heap)
{
	struct types *types;
	struct dill_error *solved, *error = kernel_types(heap->kernel, &types);

	if (!error) {
		TRY(find_roots(heap));
		free(steal(heap->solution));
		return layout_resolve(heap->kernel, &heap->layout);
	}
	if (dill_error_code(error) != DILL_ERROR_NOT_FOUND)
		return error;
	solved = solve(heap, error);
	dill_error_free(error);
	return solved;
}

struct dill_error *heap_open(struct kernel *kernel, struct heap **ret)
{
	_cleanup_(heap_freep)
	struct heap *heap = calloc(1, sizeof(*heap));

	if (!heap)
		return error_no_memory();
	heap->kernel = kernel;
	TRY(solve_other_allocator(kernel, false));
	TRY(name_allocator(heap, find_layout(heap)));
	TRY(find_unsolved(heap));
	if (!kernel_has_symbol(kernel, "slab_obj_ext_has_codetag_key", &heap->codetag_key))
		heap->codetag_key = 0;
	heap->tagged = heap->layout.ring_entries.present;
	heap->encoding = heap->layout.cache_random.present ? FREELIST_UNDECIDED : FREELIST_PLAIN;
	if (kernel_types_file(kernel))
		TRY(layout_check(heap, &heap->members_tried));
	*ret = steal(heap);
	return NULL;
}
