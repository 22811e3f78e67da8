/* SPDX-License-Identifier: MIT */
#include "slub/heap_open.h"

#include <stdlib.h>

#include "kernel/kernel_types.h"
#include "slub/layout_check.h"
#include "solve/solution.h"

/* What nobody has looked into: CPUs have slabs of their own, or sheaves, or both, unless their
 * caches have debugging. */
static const char *find_unsolved(const struct heap *heap)
{
	const struct layout *l = &heap->layout;
	/* Source: mm/slub.c since 6.18 */
	bool sheaves = kernel_has_symbol(heap->kernel, "rcu_free_sheaf", NULL) ||
		       kernel_has_symbol(heap->kernel, "__kfree_rcu_sheaf", NULL);

	if (!l->is_solved || l->cache_cpu_sheaves.present)
		return NULL;
	if (sheaves)
		return "sheaves of CPUs and nodes";
	return l->cache_cpu_slab.present ? NULL : "slabs of CPUs";
}

/* A kernel without types: the layout is solved from its memory. */
static struct dill_error *solve(struct heap *heap, const struct dill_error *no_types)
{
	struct dill_error *error = solve_heap(heap->kernel, &heap->solution), *both;

	if (!error)
		error = layout_take_solution(heap->solution, &heap->layout);
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

static struct dill_error *find_layout(struct heap *heap)
{
	struct types *types;
	struct dill_error *solved, *error = kernel_types(heap->kernel, &types);

	if (!error)
		return layout_resolve(heap->kernel, &heap->layout);
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
	TRY(dill_error_add_context(kernel_symbol(kernel, "slab_caches", &heap->slab_caches),
				   "the list of caches"));
	TRY(find_layout(heap));
	heap->unsolved = find_unsolved(heap);
	if (!kernel_has_symbol(kernel, "slab_obj_ext_has_codetag_key", &heap->codetag_key))
		heap->codetag_key = 0;
	heap->tagged = heap->layout.ring_entries.present;
	heap->encoding = heap->layout.cache_random.present ? FREELIST_UNDECIDED : FREELIST_PLAIN;
	if (kernel_types_file(kernel))
		TRY(layout_check(heap, &heap->members_tried));
	*ret = steal(heap);
	return NULL;
}
