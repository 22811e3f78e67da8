/* SPDX-License-Identifier: MIT */
#include "slub/sheaves.h"

#include <string.h>

#include "base/plural.h"
#include "slub/lock_moving.h"

/* --- a CPU's --- */

static uint32_t capacity(const struct cache *cache)
{
	return cache->sheaf_capacity < SHEAF_OBJECTS_MAX ? cache->sheaf_capacity
							 : SHEAF_OBJECTS_MAX;
}

/* One of a CPU's sheaves, if it has it. */
static struct dill_error *read_named(struct heap *heap, const struct cache *cache, dill_virt pcs,
				     struct member member, struct span bytes,
				     enum sheaf_detail detail, const char *what,
				     const struct finding_place *place, struct arena *arena,
				     struct findings *findings, struct sheaf *ret)
{
	dill_virt address = member_get(member, bytes);

	return address ? sheaf_read(heap, cache, address, pcs + member.offset, capacity(cache),
				    detail, what, place, arena, findings, ret)
		       : NULL;
}

/*
 * kfree_rcu() puts KFENCE's objects into these sheaves, too: their pages name the cache
 * (mm/slab_common.c kfree_rcu_sheaf()).
 */
static struct dill_error *count_kfence(struct heap *heap, const struct finding_place *place,
				       struct findings *findings, struct sheaf *sheaf)
{
	dill_virt first = sheaf->address + heap->layout.sheaf_objects.offset, object;

	for (uint32_t i = 0; heap->kfence_base && i < sheaf->size; i++) {
		struct dill_error *error =
			kernel_read_u64(heap->kernel, first + i * UINT64_C(8), &object);

		if (error) {
			sheaf->broken = true;
			return findings_absorb(
				findings, place,
				dill_error_add_context(error, "sheaf waiting for RCU"));
		}
		sheaf->kfence += heap_is_kfence(heap, object);
	}
	return NULL;
}

static struct dill_error *read_cpu(struct heap *heap, const struct cache *cache,
				   enum sheaf_detail detail, struct arena *arena,
				   struct findings *findings, struct cpu_contents *cpu)
{
	const struct layout *l = &heap->layout;
	struct finding_place place = {.cache = cache->name, .cpu = (int)cpu->cpu, .node = -1};
	struct cpu_sheaves *sheaves = &cpu->sheaves;
	uint8_t buffer[SHEAF_STRUCT_MAX];
	struct span bytes = {buffer, cpu_sheaves_bytes(l)};
	struct dill_error *error = kernel_read(heap->kernel, sheaves->address, buffer, bytes.size);

	sheaves->broken = error;
	if (error)
		return findings_absorb_at(
			findings, &place, cache->address + l->cache_cpu_sheaves.offset,
			cache->cpu_sheaves, dill_error_add_context(error, "CPU's sheaves"));
	TRY(lock_moving(heap, &l->pcs_lock, bytes, "the CPU's sheaves are locked",
			&sheaves->moving));
	place.moving = sheaves->moving;
	TRY(read_named(heap, cache, sheaves->address, l->pcs_main, bytes, detail, "main sheaf",
		       &place, arena, findings, &sheaves->main));
	TRY(read_named(heap, cache, sheaves->address, l->pcs_spare, bytes, detail, "spare sheaf",
		       &place, arena, findings, &sheaves->spare));
	TRY(read_named(heap, cache, sheaves->address, l->pcs_rcu_free, bytes, detail,
		       "sheaf waiting for RCU", &place, arena, findings, &sheaves->rcu_free));
	return count_kfence(heap, &place, findings, &sheaves->rcu_free);
}

/* --- a node's --- */

static struct dill_error *read_barn_list(struct heap *heap, const struct cache *cache,
					 struct list_walk *walk, enum sheaf_detail detail,
					 const char *what, struct arena *arena,
					 struct findings *findings, struct sheaf_list *ret)
{
	TRY(lists_collect(heap, walk, 1, findings));
	ret->broken = walk->broken;
	ret->items = arena_alloc_array(arena, walk->nodes.count + 1, sizeof(*ret->items));
	if (!ret->items)
		return error_no_memory();
	for (size_t i = 0; i < walk->nodes.count; i++) {
		dill_virt address = walk->nodes.items[i] - heap->layout.sheaf_link.offset;

		TRY(sheaf_read(heap, cache, address, 0, capacity(cache), detail, what, &walk->place,
			       arena, findings, &ret->items[ret->count++]));
	}
	return NULL;
}

static struct dill_error *read_barn_lists(struct heap *heap, const struct cache *cache,
					  enum sheaf_detail detail, struct arena *arena,
					  struct findings *findings,
					  const struct finding_place *place, struct barn *barn)
{
	_cleanup_(list_walk_deinitp)
	struct list_walk full = {.head = barn->address + heap->layout.barn_full.offset,
				 .place = *place,
				 .what = "barn's list of full sheaves"};
	_cleanup_(list_walk_deinitp)
	struct list_walk empty = {.head = barn->address + heap->layout.barn_empty.offset,
				  .place = *place,
				  .what = "barn's list of empty sheaves"};

	TRY(read_barn_list(heap, cache, &full, detail, "sheaf in the barn", arena, findings,
			   &barn->full));
	return read_barn_list(heap, cache, &empty, detail, "empty sheaf in the barn", arena,
			      findings, &barn->empty);
}

static void check_barn_count(const struct sheaf_list *list, uint32_t counted, const char *what,
			     dill_virt counter, const struct finding_place *place,
			     struct findings *findings)
{
	if (list->broken || list->count == counted)
		return;
	findings_add_values(findings, FINDING_LIST_COUNT, place, counter, list->count, counted,
			    "barn's list of %s sheaves has %zu, its counter says %u", what,
			    list->count, counted);
}

/* Address of the pointer to a node's barn. */
static dill_virt barn_slot(const struct heap *heap, const struct cache *cache,
			   const struct node_contents *node)
{
	if (cache->barns && cache->barns[node->node])
		return cache_barn_slot(heap, cache, node->node);
	return node->address + heap->layout.node_barn.offset;
}

static struct dill_error *read_barn(struct heap *heap, const struct cache *cache,
				    enum sheaf_detail detail, struct arena *arena,
				    struct findings *findings, struct node_contents *node)
{
	const struct layout *l = &heap->layout;
	struct finding_place place = {.cache = cache->name, .cpu = -1, .node = (int)node->node};
	struct barn *barn = &node->barn;
	uint8_t buffer[SHEAF_STRUCT_MAX];
	struct span bytes = {buffer, sheaf_bytes_bounded(l->barn_struct_size)};
	struct dill_error *error = kernel_read(heap->kernel, barn->address, buffer, bytes.size);

	barn->broken = error;
	if (error)
		return findings_absorb_at(findings, &place, barn_slot(heap, cache, node),
					  barn->address,
					  dill_error_add_context(error, "struct node_barn"));
	TRY(lock_moving(heap, &l->barn_lock, bytes, "the node's barn is locked", &barn->moving));
	place.moving = barn->moving;
	barn->nr_full = (uint32_t)member_get(l->barn_nr_full, bytes);
	barn->nr_empty = (uint32_t)member_get(l->barn_nr_empty, bytes);
	TRY(read_barn_lists(heap, cache, detail, arena, findings, &place, barn));
	check_barn_count(&barn->full, barn->nr_full, "full", barn->address + l->barn_nr_full.offset,
			 &place, findings);
	check_barn_count(&barn->empty, barn->nr_empty, "empty",
			 barn->address + l->barn_nr_empty.offset, &place, findings);
	return NULL;
}

/* --- all caches --- */

/* From 6.18 to 7.0 the barn hangs off the node's struct. */
static struct dill_error *find_barn(struct heap *heap, const struct cache *cache,
				    struct findings *findings, struct node_contents *node)
{
	struct finding_place place = {.cache = cache->name, .cpu = -1, .node = (int)node->node};
	const struct layout *l = &heap->layout;

	node->barn.address = cache->barns ? cache->barns[node->node] : 0;
	if (node->barn.address || !l->node_barn.present || !node->address)
		return NULL;
	return findings_absorb(findings, &place,
			       kernel_read_u64(heap->kernel, node->address + l->node_barn.offset,
					       &node->barn.address));
}

typedef ARRAY(dill_virt) address_array;

/* Where each cache's sheaves are, and what reading them will touch first. */
static struct dill_error *find_all(struct heap *heap, struct contents *contents, size_t count,
				   struct findings *findings, address_array *wanted)
{
	for (size_t i = 0; i < count; i++) {
		const struct cache *cache = contents[i].cache;

		/* Without capacity every CPU points at one static sheaf that is always empty. */
		if (!cache->cpu_sheaves || !cache->sheaf_capacity)
			continue;
		for (size_t c = 0; c < contents[i].cpu_count; c++) {
			struct cpu_contents *cpu = &contents[i].cpus[c];

			cpu->sheaves.address =
				kernel_percpu_address(heap->kernel, cache->cpu_sheaves, cpu->cpu);
			TRY(array_push(wanted, cpu->sheaves.address));
		}
		for (size_t n = 0; n < contents[i].node_count; n++) {
			TRY(find_barn(heap, cache, findings, &contents[i].nodes[n]));
			if (contents[i].nodes[n].barn.address)
				TRY(array_push(wanted, contents[i].nodes[n].barn.address));
		}
	}
	return NULL;
}

/* The sheaves behind the CPUs' structs, in one request for all caches. */
static struct dill_error *prefetch_sheaves(struct heap *heap, const struct contents *contents,
					   size_t count, address_array *wanted)
{
	const struct layout *l = &heap->layout;
	const struct member members[] = {l->pcs_main, l->pcs_spare, l->pcs_rcu_free};

	wanted->count = 0;
	for (size_t i = 0; i < count; i++) {
		for (size_t c = 0; c < contents[i].cpu_count; c++) {
			dill_virt at = contents[i].cpus[c].sheaves.address, sheaf;

			for (size_t m = 0; at && m < 3; m++) {
				struct dill_error *error = kernel_read_u64(
					heap->kernel, at + members[m].offset, &sheaf);

				if (error && error_is_fatal(error))
					return error;
				if (!error && sheaf)
					TRY(array_push(wanted, sheaf));
				dill_error_free(error); /* said again when it is shown */
			}
		}
	}
	return kernel_prefetch(heap->kernel, wanted->items, wanted->count);
}

static struct dill_error *prefetch(struct heap *heap, struct contents *contents, size_t count,
				   struct findings *findings)
{
	address_array wanted = {0};
	struct dill_error *error = find_all(heap, contents, count, findings, &wanted);

	if (!error)
		error = kernel_prefetch(heap->kernel, wanted.items, wanted.count);
	if (!error)
		error = prefetch_sheaves(heap, contents, count, &wanted);
	array_free(&wanted);
	return error;
}

struct dill_error *sheaves_read(struct heap *heap, struct contents *contents, size_t count,
				enum contents_detail detail, struct arena *arena,
				struct findings *findings)
{
	enum sheaf_detail sheaf_detail = detail == CONTENTS_FREELISTS ? SHEAF_OBJECTS : SHEAF_SIZE;

	if (!heap->layout.cache_cpu_sheaves.present)
		return NULL;
	TRY(prefetch(heap, contents, count, findings));
	for (size_t i = 0; i < count; i++) {
		TRY(memory_check_interrupt(kernel_memory(heap->kernel)));
		for (size_t c = 0; c < contents[i].cpu_count; c++)
			if (contents[i].cpus[c].sheaves.address)
				TRY(read_cpu(heap, contents[i].cache, sheaf_detail, arena, findings,
					     &contents[i].cpus[c]));
		for (size_t n = 0; n < contents[i].node_count; n++)
			if (contents[i].nodes[n].barn.address)
				TRY(read_barn(heap, contents[i].cache, sheaf_detail, arena,
					      findings, &contents[i].nodes[n]));
	}
	return NULL;
}
