/* SPDX-License-Identifier: MIT */
#include "slub/feature.h"

#include <string.h>

#include "slub/alloc_tag.h"

/* --- what the heap uses --- */

/* Whether a word of a cache, which is a pointer, points anywhere. */
static struct dill_error *is_set(const struct heap *heap, const struct cache *cache,
				 struct member member, bool *ret)
{
	dill_virt value = 0;
	struct dill_error *error;

	if (!member.present || *ret)
		return NULL;
	error = kernel_read_u64(heap->kernel, cache->address + member.offset, &value);
	TRY(error_forgive(error));
	*ret = value != 0;
	return NULL;
}

/* Once its pool is there objects may come from it; the symbol is there in all that could have one.
 * Source: mm/kfence/core.c kfence_alloc_pool_and_metadata(), __kfence_free() */
static struct dill_error *has_pool(const struct heap *heap, bool *ret)
{
	dill_virt symbol, pool = 0;
	struct dill_error *error;

	if (!kernel_has_symbol(heap->kernel, "__kfence_pool", &symbol))
		return NULL;
	error = kernel_read_u64(heap->kernel, symbol, &pool);
	TRY(error_forgive(error));
	*ret = pool != 0;
	return NULL;
}

struct dill_error *heap_use_read(const struct heap *heap, const struct cache_list *caches,
				 struct heap_use *ret)
{
	*ret = (struct heap_use){.heap = heap};
	for (size_t i = 0; i < caches->count; i++) {
		const struct cache *cache = &caches->items[i];
		bool debug = cache_is_debug(heap, cache);

		if (!cache->usable)
			continue;
		/* SLUB_TINY has sheaves of no capacity; caches with debugging, too. */
		ret->sheaves |= cache->cpu_sheaves && cache->sheaf_capacity;
		ret->cpu_slabs |= cache->cpu_slab && !debug;
		ret->cpu_partial |= cache->cpu_partial && !debug;
		for (uint32_t node = 0; node < cache->node_limit; node++)
			ret->barns |= cache->barns && cache->barns[node];
		TRY(is_set(heap, cache, heap->layout.cache_random_seq, &ret->shuffled));
	}
	return has_pool(heap, &ret->kfence);
}

enum slub_engine slub_engine(const struct heap_use *use)
{
	if (use->sheaves)
		return use->cpu_slabs ? ENGINE_BOTH : ENGINE_SHEAVES;
	return use->cpu_slabs ? ENGINE_CPU_SLABS : ENGINE_SLABS;
}

const char *slub_engine_name(enum slub_engine engine)
{
	static const char *const names[] = {
		[ENGINE_CPU_SLABS] = "per-CPU slabs",
		[ENGINE_BOTH] = "sheaves over per-CPU slabs",
		[ENGINE_SHEAVES] = "per-CPU sheaves and per-node barns",
		[ENGINE_SLABS] = "slabs alone, without per-CPU caches",
	};

	return names[engine];
}

/* --- features --- */

static bool hardened(const struct heap_use *use)
{
	return use->heap->layout.cache_random.present;
}

static bool shuffled(const struct heap_use *use)
{
	return use->shuffled;
}

static bool cpu_partial(const struct heap_use *use)
{
	return use->cpu_partial;
}

static bool per_node_barns(const struct heap_use *use)
{
	return use->barns && use->heap->layout.cache_per_node_barn.present;
}

static bool own_struct(const struct heap_use *use)
{
	return use->heap->layout.slab_own_struct.present;
}

static bool counters(const struct heap_use *use)
{
	return use->heap->layout.node_nr_slabs.present;
}

static bool mark_is_type(const struct heap_use *use)
{
	return use->heap->layout.slab_mark != SLAB_MARK_FLAG;
}

static bool kfree_rcu(const struct heap_use *use)
{
	return use->heap->layout.krc_head.present &&
	       kernel_has_symbol(use->heap->kernel, "krc", NULL);
}

/* kvfree_rcu_cb() is there in kernels with batches, too. */
static bool kfree_callbacks(const struct heap_use *use)
{
	return kernel_has_symbol(use->heap->kernel, "rcu_ctrlblk", NULL) ||
	       (!kernel_has_symbol(use->heap->kernel, "krc", NULL) &&
		kernel_has_symbol(use->heap->kernel, "kvfree_rcu_cb", NULL));
}

static bool rcu_sheaves(const struct heap_use *use)
{
	return use->sheaves && kernel_has_symbol(use->heap->kernel, "rcu_free_sheaf", NULL);
}

static bool deferred(const struct heap_use *use)
{
	return use->heap->layout.defer_objects.present &&
	       (kernel_has_symbol(use->heap->kernel, "defer_free_objects", NULL) ||
		kernel_has_symbol(use->heap->kernel, "deferred_percpu_work", NULL));
}

static bool refill_in_order(const struct heap_use *use)
{
	return use->sheaves && use->heap->layout.slab_iterator.present;
}

static bool kfence(const struct heap_use *use)
{
	return use->kfence;
}

static bool kasan(const struct heap_use *use)
{
	return kernel_has_symbol(use->heap->kernel, "kasan_quarantine_put", NULL);
}

/* A switch that cannot be read is not on. */
static bool is_on(struct dill_error *error, enum alloc_profiling state)
{
	bool on = !error && state == ALLOC_PROFILING_ON;

	dill_error_free(error);
	return on;
}

static bool profiling(const struct heap_use *use)
{
	enum alloc_profiling state;
	struct dill_error *error = alloc_profiling_read(use->heap, &state);

	return is_on(error, state);
}

static bool profiling_compressed(const struct heap_use *use)
{
	enum alloc_profiling state;
	struct dill_error *error = alloc_profiling_compressed(use->heap, &state);

	return is_on(error, state);
}

static bool flag_enumerators(const struct heap_use *use)
{
	return use->heap->layout.flags_from_types;
}

const struct slub_feature slub_features[] = {
	{"freelist_hardened", "free pointers are stored mixed with a key of their cache", hardened,
	 NULL, BY_NO_SYMBOL},
	{"freelist_random", "new slabs hand out their objects in random order", shuffled,
	 "cache_random_seq", BY_NO_SYMBOL},
	{"cpu_partial", "CPUs keep lists of partial slabs", cpu_partial, "cache_cpu_partial",
	 BY_NO_SYMBOL},
	{"per_node_barns", "barns are kept beside a cache's nodes, not in them", per_node_barns,
	 "cache_per_node_barn", BY_NO_SYMBOL},
	{"struct_slab", "slabs have a descriptor type of their own", own_struct, "slab_own_struct",
	 BY_NO_SYMBOL},
	{"slab_counters", "nodes count their slabs and objects (SLUB_DEBUG)", counters,
	 "node_nr_slabs", BY_NO_SYMBOL},
	{"slab_page_type", "slabs are marked by the type of their page, not by a flag",
	 mark_is_type, NULL, BY_NO_SYMBOL},
	{"flag_enumerators", "the bits of a cache's flags are named by the types", flag_enumerators,
	 "cache_flags", BY_NO_SYMBOL},
	{"kfree_rcu_batches", "kfree_rcu() collects objects per CPU", kfree_rcu, "krc_head",
	 BY_VARIABLE},
	{"kfree_rcu_callbacks", "kfree_rcu() gives each object to RCU by itself", kfree_callbacks,
	 NULL, BY_VARIABLE},
	{"rcu_sheaves", "kfree_rcu() fills sheaves", rcu_sheaves, "cache_cpu_sheaves", BY_FUNCTION},
	{"deferred_frees", "frees where no lock can be taken wait on a list per CPU", deferred,
	 "defer_objects", BY_VARIABLE},
	{"refill_in_order", "sheaves are filled from partial slabs in the order of their list",
	 refill_in_order, "slab_iterator", BY_NO_SYMBOL},
	{"kfence", "some objects may come from KFENCE's pool", kfence, NULL, BY_VARIABLE},
	{"kasan_quarantine", "KASAN keeps freed objects from reuse for a while", kasan, NULL,
	 BY_FUNCTION},
	{"alloc_profiling", "objects are tagged with the place that allocates them", profiling,
	 "static_key_enabled", BY_VARIABLE},
	{"tags_compressed", "tags of pages are numbers in the pages' flags", profiling_compressed,
	 "static_key_enabled", BY_VARIABLE},
	{NULL, NULL, NULL, NULL, BY_NO_SYMBOL},
};

bool slub_feature_is_known(const struct slub_feature *feature, const struct heap_use *use)
{
	const struct layout *layout = &use->heap->layout;
	const struct member_row *row = feature->member ? layout_row(feature->member) : NULL;
	const struct kernel *kernel = use->heap->kernel;
	struct member member;

	if ((feature->symbol == BY_VARIABLE && !kernel_symbols_are_complete(kernel)) ||
	    (feature->symbol == BY_FUNCTION && !kernel_has_symbols(kernel)))
		return false;
	if (!row)
		return true;
	memcpy(&member, (const char *)layout + row->field, sizeof(member));
	return !layout_lacks(layout, member);
}
