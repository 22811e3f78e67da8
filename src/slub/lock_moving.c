/* SPDX-License-Identifier: MIT */
#include "slub/lock_moving.h"

#include <stdio.h>
#include <string.h>

#include "base/strbuf.h"

/*
 * What holds one of these locks, or is called with it: the functions that take them, and those that
 * the compiler may have put them into.
 */
static const char *const functions[] = {
	/* The nodes' lists. */
	"___slab_alloc",
	"__slab_alloc",
	"__slab_free",
	"get_partial_node",
	"get_partial_node_bulk",
	"get_any_partial",
	"get_from_partial_node",
	"get_from_any_partial",
	"__refill_objects_node",
	"__refill_objects_any",
	"refill_objects",
	"refill_sheaf",
	"deactivate_slab",
	"unfreeze_partials",
	"__unfreeze_partials",
	"put_partials",
	"__put_partials",
	"put_cpu_partial",
	"flush_cpu_slab",
	"alloc_single_from_partial",
	"alloc_single_from_new_slab",
	"alloc_from_new_slab",
	"alloc_debug_processing",
	"free_debug_processing",
	"free_to_partial_list",
	"early_kmem_cache_node_alloc",
	"__kmem_cache_do_shrink",
	"__kmem_cache_shrink",
	"__kmem_cache_shutdown",
	"validate_slab_cache",
	"validate_slab_node",
	/* The barns, which are changed in the midst of these. */
	"__pcs_replace_empty_main",
	"__pcs_replace_full_main",
	"alloc_full_sheaf",
	"alloc_empty_sheaf",
	"barn_shrink",
	"free_to_pcs",
	"free_to_pcs_bulk",
	"alloc_from_pcs",
	"alloc_from_pcs_bulk",
	"rcu_free_sheaf",
	"__kfree_rcu_sheaf",
	"kmem_cache_prefill_sheaf",
	"kmem_cache_return_sheaf",
	/* Lists of kfree_rcu(). */
	"kvfree_call_rcu",
	"kvfree_rcu_list",
	"kvfree_rcu_bulk",
	"kvfree_rcu_queue_batch",
	"kvfree_rcu_drain_ready",
	"kfree_rcu_monitor",
	"kfree_rcu_work",
	"fill_page_cache_func",
	/* All of it, where the compiler has made one function of it. */
	"kmem_cache_alloc",
	"kmem_cache_alloc_noprof",
	"kmem_cache_alloc_lru",
	"kmem_cache_alloc_lru_noprof",
	"kmem_cache_alloc_node",
	"kmem_cache_alloc_node_noprof",
	"kmem_cache_alloc_bulk",
	"kmem_cache_alloc_bulk_noprof",
	"__kmem_cache_alloc_bulk",
	"__kmem_cache_alloc_node",
	"__kmalloc",
	"__kmalloc_noprof",
	"__kmalloc_node",
	"__kmalloc_node_noprof",
	"__kmalloc_node_track_caller",
	"__kmalloc_node_track_caller_noprof",
	"__kmalloc_cache_noprof",
	"__kmalloc_cache_node_noprof",
	"kmem_cache_free",
	"kmem_cache_free_bulk",
	"__kmem_cache_free",
	"kfree",
	NULL,
};

/* Whether a CPU was stopped inside of one of these functions, with interrupts off. */
static struct dill_error *find_holder(struct heap *heap, unsigned cpu, bool *ret)
{
	bool masked;

	TRY(kernel_cpu_masked(heap->kernel, cpu, &masked));
	return masked ? kernel_cpu_inside(heap->kernel, cpu, functions, ret) : NULL;
}

/* The same of any CPU, asked once while the target is stopped. */
static struct dill_error *is_inside(struct heap *heap, bool *ret)
{
	uint64_t epoch = target_epoch(kernel_target(heap->kernel));
	bool inside = false;

	if (!heap->holder.known || heap->holder.epoch != epoch) {
		for (unsigned cpu = 0; cpu < kernel_cpu_limit(heap->kernel) && !inside; cpu++)
			if (kernel_cpu_online(heap->kernel, cpu))
				TRY(find_holder(heap, cpu, &inside));
		heap->holder =
			(struct heap_holder){.known = true, .inside = inside, .epoch = epoch};
	}
	*ret = heap->holder.inside;
	return NULL;
}

struct dill_error *lock_moving(struct heap *heap, const struct lock *lock, struct span bytes,
			       const char *held, const char **ret)
{
	bool inside = false;

	*ret = NULL;
	if (lock_tells(lock)) {
		if (lock_is_held(lock, bytes))
			*ret = held;
		return NULL;
	}
	if (lock->form == LOCK_ABSENT)
		return NULL;
	TRY(is_inside(heap, &inside));
	if (inside)
		*ret = "the CPU was stopped inside the allocator";
	return NULL;
}

/* Every lock in a struct; of a variable it would be the struct alone, whose core is the same. */
static const struct {
	size_t field;
	const char *struct_name, *member;
} rows[] = {
#define MEMBER(id, structs, paths, need, note)
#define LOCK(id, structs, paths, note) {offsetof(struct layout, id), structs, paths},
#include "slub/layout.def"
#undef MEMBER
};

struct dill_error *locks_describe(const struct layout *layout, struct arena *arena,
				  const char **ret)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf names = {0};
	unsigned count = 0;

	if (layout->is_solved) {
		*ret = "not known without types: where the CPUs were stopped is asked instead";
		return NULL;
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct lock lock;

		memcpy(&lock, (const char *)layout + rows[i].field, sizeof(lock));
		if (lock.form == LOCK_UNKNOWN && *rows[i].member)
			strbuf_append_format(&names, "%s%s.%s", count++ ? ", " : "",
					     rows[i].struct_name, rows[i].member);
	}
	TRY(strbuf_error(&names));
	if (count)
		*ret = arena_format(arena,
				    "%s: not known what %s like when held; where the CPUs were "
				    "stopped is asked instead",
				    strbuf_get(&names), count == 1 ? "it looks" : "they look");
	else if (layout->node_lock.form == LOCK_EMPTY)
		*ret = "have no bytes (no SMP): where the CPU was stopped is asked instead";
	else
		*ret = "say themselves whether they are held";
	return *ret ? NULL : error_no_memory();
}
