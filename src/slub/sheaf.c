/* SPDX-License-Identifier: MIT */
#include "slub/sheaf.h"

#include <string.h>

#include "base/plural.h"
#include "slub/claim.h"
#include "slub/contents.h"
#include "slub/lock_moving.h"

/* More than sizeof(struct slab_sheaf), slub_percpu_sheaves and node_barn of any configuration. */
#define STRUCT_MAX 256u

static size_t bounded(uint64_t size)
{
	return size && size < STRUCT_MAX ? (size_t)size : STRUCT_MAX;
}

/* --- one sheaf --- */

/* Every entry must be an object of the cache; what is none becomes a finding. */
static struct dill_error *check_objects(struct heap *heap, const struct cache *cache,
					const char *what, const struct finding_place *place,
					struct findings *findings, struct sheaf *sheaf)
{
	for (uint32_t i = 0; i < sheaf->size; i++) {
		dill_virt slot =
			sheaf->address + heap->layout.sheaf_objects.offset + i * UINT64_C(8);
		enum object_claim claim;

		TRY(object_check(heap, cache, sheaf->objects[i], &claim));
		if (claim == CLAIM_TRUE)
			continue;
		finding_set_pointer(findings_add_seen(
			findings,
			claim == CLAIM_UNREADABLE ? FINDING_UNREADABLE : FINDING_SHEAF_OBJECT,
			place, slot, sheaf->objects[i], "%s 0x%lx, entry %u: 0x%lx %s", what,
			(unsigned long)sheaf->address, i, (unsigned long)sheaf->objects[i],
			object_claim_text(claim)));
		sheaf->broken = true;
	}
	return NULL;
}

static struct dill_error *read_objects(struct heap *heap, const struct cache *cache,
				       const char *what, const struct finding_place *place,
				       struct arena *arena, struct findings *findings,
				       struct sheaf *sheaf)
{
	dill_virt *objects = arena_alloc_array(arena, sheaf->size + 1, sizeof(*objects));
	struct dill_error *error;

	if (!objects)
		return error_no_memory();
	error = kernel_read(heap->kernel, sheaf->address + heap->layout.sheaf_objects.offset,
			    objects, sheaf->size * sizeof(*objects));
	if (error) {
		sheaf->size = 0;
		sheaf->broken = true;
		return findings_absorb(findings, place, dill_error_add_context(error, "%s", what));
	}
	for (uint32_t i = 0; i < sheaf->size; i++)
		objects[i] = heap_untag(heap, objects[i]);
	sheaf->objects = objects;
	return check_objects(heap, cache, what, place, findings, sheaf);
}

/*
 * What is at @p sheaf names another cache. It is a sheaf of this one all the same when its first
 * entry is one of its objects: the kernel leaves entries in place when it hands them out.
 */
static struct dill_error *report_stranger(struct heap *heap, const struct cache *cache,
					  dill_virt sheaf, dill_virt owner, dill_virt slot,
					  const char *what, const struct finding_place *place,
					  struct findings *findings)
{
	const struct layout *l = &heap->layout;
	enum object_claim claim = CLAIM_UNREADABLE;
	struct dill_error *error = NULL;
	dill_virt first;

	if (slot)
		error = kernel_read_u64(heap->kernel, sheaf + l->sheaf_objects.offset, &first);
	if (slot && !error)
		TRY(object_check(heap, cache, first, &claim));
	if (error && error_is_fatal(error))
		return error;
	dill_error_free(error);
	if (slot && claim != CLAIM_TRUE)
		finding_set_pointer(findings_add_seen(findings, FINDING_SHEAF, place, slot, sheaf,
						      "%s 0x%lx is no sheaf of the cache", what,
						      (unsigned long)sheaf));
	else
		finding_set_pointer(findings_add_values(
			findings, FINDING_SHEAF, place, sheaf + l->sheaf_cache.offset,
			cache->address, owner, "%s 0x%lx belongs to another cache", what,
			(unsigned long)sheaf));
	return NULL;
}

struct dill_error *sheaf_read(struct heap *heap, const struct cache *cache, dill_virt address,
			      dill_virt slot, uint32_t limit, enum sheaf_detail detail,
			      const char *what, const struct finding_place *place,
			      struct arena *arena, struct findings *findings, struct sheaf *ret)
{
	const struct layout *l = &heap->layout;
	uint8_t buffer[STRUCT_MAX];
	struct span bytes = {buffer, bounded(l->sheaf_objects.offset)};
	struct dill_error *error;

	*ret = (struct sheaf){.address = address, .broken = true};
	error = kernel_read(heap->kernel, address, buffer, bytes.size);
	if (error)
		return findings_absorb_at(findings, place, slot, address,
					  dill_error_add_context(error, "%s", what));

	uint64_t size = member_get(l->sheaf_size, bytes);
	dill_virt owner = member_get(l->sheaf_cache, bytes);

	if (owner != cache->address)
		return report_stranger(heap, cache, address, owner, slot, what, place, findings);
	if (size > limit) {
		findings_add_values(findings, FINDING_SHEAF, place, address + l->sheaf_size.offset,
				    limit, size, "%s 0x%lx counts %lu object%s, it has room for %u",
				    what, (unsigned long)address, (unsigned long)size, plural(size),
				    limit);
		return NULL;
	}
	ret->size = (uint32_t)size;
	ret->broken = !cache->usable; /* nothing tells then what is an object of it */
	return detail == SHEAF_OBJECTS && size && cache->usable
		       ? read_objects(heap, cache, what, place, arena, findings, ret)
		       : NULL;
}

/* --- a CPU's --- */

static uint32_t capacity(const struct cache *cache)
{
	return cache->sheaf_capacity < SHEAF_OBJECTS_MAX ? cache->sheaf_capacity
							 : SHEAF_OBJECTS_MAX;
}

size_t cpu_sheaves_bytes(const struct layout *layout)
{
	const struct member members[] = {layout->pcs_lock.word, layout->pcs_main, layout->pcs_spare,
					 layout->pcs_rcu_free};
	uint64_t end = 0;

	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
		if (members[i].present && members[i].offset + (uint64_t)members[i].size > end)
			end = members[i].offset + (uint64_t)members[i].size;
	return bounded(end);
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
	uint8_t buffer[STRUCT_MAX];
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
	uint8_t buffer[STRUCT_MAX];
	struct span bytes = {buffer, bounded(l->barn_struct_size)};
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
