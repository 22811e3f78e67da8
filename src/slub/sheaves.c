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
static struct dill_error *read_named(const struct reading *reading, dill_virt pcs,
				     struct member member, struct span bytes, const char *what,
				     struct sheaf *ret)
{
	dill_virt address = member_get(member, bytes);

	return address ? sheaf_read(reading, address, pcs + member.offset, capacity(reading->cache),
				    what, ret)
		       : NULL;
}

/*
 * kfree_rcu() puts KFENCE's objects into these sheaves, too: their pages name the cache
 * (mm/slab_common.c kfree_rcu_sheaf()).
 */
static struct dill_error *count_kfence(const struct reading *reading, struct sheaf *sheaf)
{
	struct heap *heap = reading->heap;
	dill_virt first = sheaf->address + heap->layout.sheaf_objects.offset, object;

	for (uint32_t i = 0; heap->kfence_base && i < sheaf->size; i++) {
		struct dill_error *error =
			kernel_read_u64(heap->kernel, first + i * UINT64_C(8), &object);

		if (error) {
			sheaf->broken = true;
			return findings_absorb(
				reading->findings, &reading->where,
				dill_error_add_context(error, "sheaf waiting for RCU"));
		}
		sheaf->kfence += heap_is_kfence(heap, object);
	}
	return NULL;
}

static struct dill_error *read_cpu(const struct reading *all, const struct cache *cache,
				   struct cpu_contents *cpu)
{
	struct heap *heap = all->heap;
	const struct layout *l = &heap->layout;
	struct reading reading = reading_of_cpu(all, cache, cpu->cpu, NULL);
	struct cpu_sheaves *sheaves = &cpu->sheaves;
	uint8_t buffer[SHEAF_STRUCT_MAX];
	struct span bytes = {buffer, cpu_sheaves_bytes(l)};
	struct dill_error *error = kernel_read(heap->kernel, sheaves->address, buffer, bytes.size);

	sheaves->broken = error;
	if (error)
		return findings_absorb_at(reading.findings, &reading.where,
					  cache->address + l->cache_cpu_sheaves.offset,
					  cache->cpu_sheaves,
					  dill_error_add_context(error, "CPU's sheaves"));
	TRY(lock_moving(heap, &l->pcs_lock, bytes, "the CPU's sheaves are locked",
			&sheaves->moving));
	reading.where.moving = sheaves->moving;
	TRY(read_named(&reading, sheaves->address, l->pcs_main, bytes, "main sheaf",
		       &sheaves->main));
	TRY(read_named(&reading, sheaves->address, l->pcs_spare, bytes, "spare sheaf",
		       &sheaves->spare));
	TRY(read_named(&reading, sheaves->address, l->pcs_rcu_free, bytes, "sheaf waiting for RCU",
		       &sheaves->rcu_free));
	return count_kfence(&reading, &sheaves->rcu_free);
}

/* --- a node's --- */

static struct dill_error *read_barn_list(const struct reading *reading, struct list_walk *walk,
					 const char *what, struct sheaf_list *ret)
{
	TRY(lists_collect(reading->heap, walk, 1, reading->findings));
	ret->broken = walk->broken;
	ret->items = arena_alloc_array(reading->arena, walk->nodes.count + 1, sizeof(*ret->items));
	if (!ret->items)
		return error_no_memory();
	for (size_t i = 0; i < walk->nodes.count; i++) {
		dill_virt address = walk->nodes.items[i] - reading->heap->layout.sheaf_link.offset;

		TRY(sheaf_read(reading, address, 0, capacity(reading->cache), what,
			       &ret->items[ret->count++]));
	}
	return NULL;
}

static struct dill_error *read_barn_lists(const struct reading *reading, struct barn *barn)
{
	const struct layout *l = &reading->heap->layout;
	_cleanup_(list_walk_deinitp)
	struct list_walk full = {.head = barn->address + l->barn_full.offset,
				 .place = reading->where,
				 .what = "barn's list of full sheaves"};
	_cleanup_(list_walk_deinitp)
	struct list_walk empty = {.head = barn->address + l->barn_empty.offset,
				  .place = reading->where,
				  .what = "barn's list of empty sheaves"};

	TRY(read_barn_list(reading, &full, "sheaf in the barn", &barn->full));
	return read_barn_list(reading, &empty, "empty sheaf in the barn", &barn->empty);
}

static void check_barn_count(const struct reading *reading, const struct sheaf_list *list,
			     uint32_t counted, const char *what, dill_virt barn,
			     struct member counter)
{
	if (!counter.present || list->broken || list->count == counted)
		return;
	findings_add_values(reading->findings, FINDING_LIST_COUNT, &reading->where,
			    barn + counter.offset, list->count, counted,
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

static struct dill_error *read_barn(const struct reading *all, const struct cache *cache,
				    struct node_contents *node)
{
	struct heap *heap = all->heap;
	const struct layout *l = &heap->layout;
	struct reading reading = reading_of_node(all, cache, node->node, NULL);
	struct barn *barn = &node->barn;
	uint8_t buffer[SHEAF_STRUCT_MAX];
	struct span bytes = {buffer, sheaf_bytes_bounded(l->barn_struct_size)};
	struct dill_error *error = kernel_read(heap->kernel, barn->address, buffer, bytes.size);

	barn->broken = error;
	if (error)
		return findings_absorb_at(reading.findings, &reading.where,
					  barn_slot(heap, cache, node), barn->address,
					  dill_error_add_context(error, "struct node_barn"));
	TRY(lock_moving(heap, &l->barn_lock, bytes, "the node's barn is locked", &barn->moving));
	reading.where.moving = barn->moving;
	barn->nr_full = (uint32_t)member_get(l->barn_nr_full, bytes);
	barn->nr_empty = (uint32_t)member_get(l->barn_nr_empty, bytes);
	TRY(read_barn_lists(&reading, barn));
	check_barn_count(&reading, &barn->full, barn->nr_full, "full", barn->address,
			 l->barn_nr_full);
	check_barn_count(&reading, &barn->empty, barn->nr_empty, "empty", barn->address,
			 l->barn_nr_empty);
	return NULL;
}

/* --- all caches --- */

/* From 6.18 to 7.0 the barn hangs off the node's struct. */
static struct dill_error *find_barn(const struct reading *all, const struct cache *cache,
				    struct node_contents *node)
{
	const struct reading reading = reading_of_node(all, cache, node->node, NULL);
	const struct layout *l = &reading.heap->layout;

	node->barn.address = cache->barns ? cache->barns[node->node] : 0;
	if (node->barn.address || !l->node_barn.present || !node->address)
		return NULL;
	return findings_absorb(reading.findings, &reading.where,
			       kernel_read_u64(reading.heap->kernel,
					       node->address + l->node_barn.offset,
					       &node->barn.address));
}

typedef ARRAY(dill_virt) address_array;

/* Where each cache's sheaves are, and what reading them will touch first. */
static struct dill_error *find_all(const struct reading *reading, struct contents *contents,
				   size_t count, address_array *wanted)
{
	for (size_t i = 0; i < count; i++) {
		const struct cache *cache = contents[i].cache;

		/* Without capacity every CPU points at one static sheaf that is always empty. */
		if (!cache->cpu_sheaves || !cache->sheaf_capacity)
			continue;
		for (size_t c = 0; c < contents[i].cpu_count; c++) {
			struct cpu_contents *cpu = &contents[i].cpus[c];

			cpu->sheaves.address = kernel_percpu_address(reading->heap->kernel,
								     cache->cpu_sheaves, cpu->cpu);
			TRY(array_push(wanted, cpu->sheaves.address));
		}
		for (size_t n = 0; n < contents[i].node_count; n++) {
			TRY(find_barn(reading, cache, &contents[i].nodes[n]));
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

static struct dill_error *prefetch(const struct reading *reading, struct contents *contents,
				   size_t count)
{
	address_array wanted = {0};
	struct dill_error *error = find_all(reading, contents, count, &wanted);

	if (!error)
		error = kernel_prefetch(reading->heap->kernel, wanted.items, wanted.count);
	if (!error)
		error = prefetch_sheaves(reading->heap, contents, count, &wanted);
	array_free(&wanted);
	return error;
}

struct dill_error *sheaves_read(const struct reading *reading, struct contents *contents,
				size_t count)
{
	if (!reading->heap->layout.cache_cpu_sheaves.present)
		return NULL;
	TRY(prefetch(reading, contents, count));
	for (size_t i = 0; i < count; i++) {
		TRY(target_check_interrupt(kernel_target(reading->heap->kernel)));
		for (size_t c = 0; c < contents[i].cpu_count; c++)
			if (contents[i].cpus[c].sheaves.address)
				TRY(read_cpu(reading, contents[i].cache, &contents[i].cpus[c]));
		for (size_t n = 0; n < contents[i].node_count; n++)
			if (contents[i].nodes[n].barn.address)
				TRY(read_barn(reading, contents[i].cache, &contents[i].nodes[n]));
	}
	return NULL;
}
