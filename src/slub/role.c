/* SPDX-License-Identifier: MIT */
#include "slub/role.h"

#include "slub/locate.h"

struct seeker {
	struct heap *heap;
	struct cache_list *caches;
	dill_virt address;
	struct role *ret;
};

static bool lies_in(const struct seeker *seeker, dill_virt base, uint64_t size)
{
	return base && seeker->address - base < size;
}

static bool take(struct seeker *seeker, const char *type, const struct cache *cache, dill_virt base,
		 uint64_t size)
{
	if (!lies_in(seeker, base, size))
		return false;
	*seeker->ret =
		(struct role){.type = type, .cache = cache, .base = base, .cpu = -1, .node = -1};
	return true;
}

/* --- what a struct kmem_cache leads to --- */

static bool find_cpu(struct seeker *seeker, const struct cache *cache)
{
	struct kernel *kernel = seeker->heap->kernel;
	const struct layout *l = &seeker->heap->layout;

	for (unsigned cpu = 0; cpu < kernel_cpu_limit(kernel); cpu++) {
		if (!kernel_cpu_possible(kernel, cpu))
			continue;
		if ((cache->cpu_slab && take(seeker, "kmem_cache_cpu", cache,
					     kernel_percpu_address(kernel, cache->cpu_slab, cpu),
					     l->cpu_struct_size)) ||
		    (cache->cpu_sheaves && cache->sheaf_capacity &&
		     take(seeker, "slub_percpu_sheaves", cache,
			  kernel_percpu_address(kernel, cache->cpu_sheaves, cpu),
			  cpu_sheaves_bytes(l)))) {
			seeker->ret->cpu = (int)cpu;
			return true;
		}
	}
	return false;
}

/* From 6.18 to 7.0 the barn hangs off the node's struct. */
static struct dill_error *barn_of(struct seeker *seeker, const struct cache *cache, unsigned node,
				  dill_virt *ret)
{
	const struct layout *l = &seeker->heap->layout;
	struct dill_error *error;

	*ret = cache->barns[node];
	if (*ret || !l->node_barn.present || !cache->nodes[node])
		return NULL;
	error = kernel_read_u64(seeker->heap->kernel, cache->nodes[node] + l->node_barn.offset,
				ret);
	return error_forgive(error);
}

static struct dill_error *find_node(struct seeker *seeker, const struct cache *cache,
				    bool *ret_found)
{
	const struct layout *l = &seeker->heap->layout;

	for (unsigned node = 0; node < cache->node_limit && !*ret_found; node++) {
		dill_virt barn;

		TRY(barn_of(seeker, cache, node, &barn));
		*ret_found = take(seeker, "kmem_cache_node", cache, cache->nodes[node],
				  l->node_struct_size) ||
			     take(seeker, "node_barn", cache, barn, l->barn_struct_size);
		if (*ret_found)
			seeker->ret->node = (int)node;
	}
	return NULL;
}

static struct dill_error *find_in_caches(struct seeker *seeker, bool *ret_found)
{
	for (size_t i = 0; i < seeker->caches->count && !*ret_found; i++) {
		const struct cache *cache = &seeker->caches->items[i];

		*ret_found = take(seeker, "kmem_cache", cache, cache->address,
				  cache_bytes(seeker->heap, cache->node_limit)) ||
			     find_cpu(seeker, cache);
		if (!*ret_found)
			TRY(find_node(seeker, cache, ret_found));
	}
	return NULL;
}

/* --- sheaves, which are objects of the heap --- */

static void set_sheaf(struct seeker *seeker, dill_virt base, const struct sheaf *sheaf,
		      const char *what, int cpu, int node)
{
	if (sheaf->address != base)
		return;
	seeker->ret->type = "slab_sheaf";
	seeker->ret->what = what;
	seeker->ret->cpu = cpu;
	seeker->ret->node = node;
}

static void match_sheaves(struct seeker *seeker, dill_virt base, const struct contents *contents)
{
	for (size_t c = 0; c < contents->cpu_count; c++) {
		const struct cpu_sheaves *sheaves = &contents->cpus[c].sheaves;
		int cpu = (int)contents->cpus[c].cpu;

		set_sheaf(seeker, base, &sheaves->main, "main sheaf", cpu, -1);
		set_sheaf(seeker, base, &sheaves->spare, "spare sheaf", cpu, -1);
		set_sheaf(seeker, base, &sheaves->rcu_free, "sheaf waiting for RCU", cpu, -1);
	}
	for (size_t n = 0; n < contents->node_count; n++) {
		const struct barn *barn = &contents->nodes[n].barn;
		int node = (int)contents->nodes[n].node;

		for (size_t i = 0; i < barn->full.count; i++)
			set_sheaf(seeker, base, &barn->full.items[i], "full sheaf in the barn", -1,
				  node);
		for (size_t i = 0; i < barn->empty.count; i++)
			set_sheaf(seeker, base, &barn->empty.items[i], "empty sheaf in the barn",
				  -1, node);
	}
}

/* A sheaf names its cache; whether it is one shows on that cache's lists. */
static struct dill_error *find_sheaf(struct seeker *seeker)
{
	struct heap *heap = seeker->heap;
	_cleanup_(arena_freep)
	struct arena *arena = NULL;
	struct contents contents;
	struct located located;
	const struct cache *owner;
	dill_virt named;

	TRY(arena_new(&arena));
	struct findings untold = FINDINGS_MUTED;
	struct reading reading;

	TRY(heap_locate(heap, seeker->caches, seeker->address, &untold, &located));
	if (!located.in_slot)
		return NULL;
	TRY(kernel_read_u64(heap->kernel, located.object + heap->layout.sheaf_cache.offset,
			    &named));
	owner = cache_at(seeker->caches, named);
	if (!owner)
		return NULL;
	reading = reading_start(heap, CONTENTS_COUNTS, arena, &untold);
	TRY(contents_read(&reading, owner, 1, &contents));
	*seeker->ret = (struct role){.cache = owner, .base = located.object, .cpu = -1, .node = -1};
	match_sheaves(seeker, located.object, &contents);
	return NULL;
}

struct dill_error *role_find(struct heap *heap, struct cache_list *caches, dill_virt address,
			     struct role *ret)
{
	struct seeker seeker = {heap, caches, address, ret};
	struct dill_error *error = NULL;
	bool found = false;

	*ret = (struct role){.cpu = -1, .node = -1};
	TRY(find_in_caches(&seeker, &found));
	if (!found && heap->layout.cache_cpu_sheaves.present)
		error = find_sheaf(&seeker);
	return error_forgive(error);
}
