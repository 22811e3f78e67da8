/* SPDX-License-Identifier: MIT */
#include "slub/feature.h"

#include "slub/alloc_tag.h"

enum slub_engine slub_engine(const struct layout *layout)
{
	if (layout->cache_cpu_sheaves.present)
		return layout->cache_cpu_slab.present ? ENGINE_BOTH : ENGINE_SHEAVES;
	return layout->cache_cpu_slab.present ? ENGINE_CPU_SLABS : ENGINE_TINY;
}

const char *slub_engine_name(enum slub_engine engine)
{
	static const char *const names[] = {
		[ENGINE_CPU_SLABS] = "per-CPU slabs",
		[ENGINE_BOTH] = "sheaves over per-CPU slabs",
		[ENGINE_SHEAVES] = "per-CPU sheaves and per-node barns",
		[ENGINE_TINY] = "slabs alone, without per-CPU caches",
	};

	return names[engine];
}

static bool hardened(const struct heap *heap)
{
	return heap->layout.cache_random.present;
}

static bool shuffled(const struct heap *heap)
{
	return heap->layout.cache_random_seq.present;
}

static bool cpu_partial(const struct heap *heap)
{
	return heap->layout.cpu_partial.present;
}

static bool per_node_barns(const struct heap *heap)
{
	return heap->layout.cache_per_node_barn.present;
}

static bool own_struct(const struct heap *heap)
{
	return heap->layout.slab_own_struct.present;
}

static bool counters(const struct heap *heap)
{
	return heap->layout.node_nr_slabs.present;
}

static bool mark_is_type(const struct heap *heap)
{
	return heap->layout.slab_mark != SLAB_MARK_FLAG;
}

static bool kfree_rcu(const struct heap *heap)
{
	return heap->layout.krc_head.present && kernel_has_symbol(heap->kernel, "krc", NULL);
}

static bool rcu_sheaves(const struct heap *heap)
{
	return kernel_has_symbol(heap->kernel, "rcu_free_sheaf", NULL);
}

static bool deferred(const struct heap *heap)
{
	return heap->layout.defer_objects.present;
}

static bool refill_in_order(const struct heap *heap)
{
	return heap->layout.slab_iterator.present;
}

static bool kfence(const struct heap *heap)
{
	return kernel_has_symbol(heap->kernel, "__kfence_pool", NULL);
}

static bool kasan(const struct heap *heap)
{
	return kernel_has_symbol(heap->kernel, "kasan_quarantine_put", NULL);
}

/* A switch that cannot be read is not on. */
static bool is_on(struct dill_error *error, enum alloc_profiling state)
{
	bool on = !error && state == ALLOC_PROFILING_ON;

	dill_error_free(error);
	return on;
}

static bool profiling(const struct heap *heap)
{
	enum alloc_profiling state;
	struct dill_error *error = alloc_profiling_read(heap, &state);

	return is_on(error, state);
}

static bool profiling_compressed(const struct heap *heap)
{
	enum alloc_profiling state;
	struct dill_error *error = alloc_profiling_compressed(heap, &state);

	return is_on(error, state);
}

static bool flag_enumerators(const struct heap *heap)
{
	return heap->layout.flags_from_types;
}

const struct slub_feature slub_features[] = {
	{"freelist_hardened", "free pointers are stored mixed with a key of their cache", hardened},
	{"freelist_random", "new slabs hand out their objects in random order", shuffled},
	{"cpu_partial", "CPUs keep lists of partial slabs", cpu_partial},
	{"per_node_barns", "barns are kept beside a cache's nodes, not in them", per_node_barns},
	{"struct_slab", "slabs have a descriptor type of their own", own_struct},
	{"slab_counters", "nodes count their slabs and objects (SLUB_DEBUG)", counters},
	{"slab_page_type", "slabs are marked by the type of their page, not by a flag",
	 mark_is_type},
	{"flag_enumerators", "the bits of a cache's flags are named by the types",
	 flag_enumerators},
	{"kfree_rcu_batches", "kfree_rcu() collects objects per CPU", kfree_rcu},
	{"rcu_sheaves", "kfree_rcu() fills sheaves", rcu_sheaves},
	{"deferred_frees", "frees where no lock can be taken wait on a list per CPU", deferred},
	{"refill_in_order", "sheaves are filled from partial slabs in the order of their list",
	 refill_in_order},
	{"kfence", "some objects may come from KFENCE's pool", kfence},
	{"kasan_quarantine", "KASAN keeps freed objects from reuse for a while", kasan},
	{"alloc_profiling", "objects are tagged with the place that allocates them", profiling},
	{"tags_compressed", "tags of pages are numbers in the pages' flags", profiling_compressed},
	{NULL, NULL, NULL},
};
