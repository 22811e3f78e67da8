/* SPDX-License-Identifier: MIT */
#include "slub/loose_sheaf.h"

#include <string.h>

#include "slub/cache_map.h"
#include "slub/claim.h"
#include "slub/locate.h"
#include "slub/slab_memory.h"

/* A handful in truth: one per size of sheaf, more with copies of kmalloc caches. */
#define HOSTS_MAX 64

struct finder {
	struct heap *heap;
	struct cache_list *all;
	const struct slab_scan *scan;
	struct arena *arena;
	struct findings *findings;
	ARRAY(dill_virt) known; /* addresses of sheaves that lists lead to; sorted */
	const struct cache *hosts[HOSTS_MAX];
	size_t host_count;
	ARRAY(struct waiting_object) found;
};

static int by_value(const void *a, const void *b)
{
	dill_virt one = *(const dill_virt *)a, two = *(const dill_virt *)b;

	return (one > two) - (one < two);
}

static bool is_known(const struct finder *finder, dill_virt sheaf)
{
	return finder->known.count &&
	       bsearch(&sheaf, finder->known.items, finder->known.count, sizeof(sheaf), by_value);
}

/* --- the sheaves that lists lead to, and the caches that these come from --- */

static struct dill_error *note(struct finder *finder, dill_virt sheaf)
{
	return sheaf ? array_push(&finder->known, sheaf) : NULL;
}

static struct dill_error *note_contents(struct finder *finder, const struct contents *contents)
{
	for (size_t c = 0; c < contents->cpu_count; c++) {
		const struct cpu_sheaves *sheaves = &contents->cpus[c].sheaves;

		TRY(note(finder, sheaves->main.address));
		TRY(note(finder, sheaves->spare.address));
		TRY(note(finder, sheaves->rcu_free.address));
	}
	for (size_t n = 0; n < contents->node_count; n++) {
		const struct barn *barn = &contents->nodes[n].barn;

		for (size_t i = 0; i < barn->full.count; i++)
			TRY(note(finder, barn->full.items[i].address));
		for (size_t i = 0; i < barn->empty.count; i++)
			TRY(note(finder, barn->empty.items[i].address));
	}
	return NULL;
}

static struct dill_error *note_known(struct finder *finder, const struct waiting *waiting)
{
	struct findings untold = FINDINGS_MUTED;
	const struct reading reading =
		reading_start(finder->heap, CONTENTS_COUNTS, finder->arena, &untold);
	struct contents *contents =
		arena_alloc_array(finder->arena, finder->all->count + 1, sizeof(*contents));

	if (!contents)
		return error_no_memory();
	TRY(contents_read(&reading, finder->all->items, finder->all->count, contents));
	for (size_t i = 0; i < finder->all->count; i++)
		TRY(note_contents(finder, &contents[i]));
	for (size_t i = 0; i < waiting->count; i++)
		TRY(note(finder, waiting->items[i].container));
	if (finder->known.count)
		qsort(finder->known.items, finder->known.count, sizeof(dill_virt), by_value);
	return NULL;
}

static void note_host(struct finder *finder, const struct cache *cache)
{
	for (size_t i = 0; i < finder->host_count; i++)
		if (finder->hosts[i] == cache)
			return;
	if (finder->host_count < HOSTS_MAX)
		finder->hosts[finder->host_count++] = cache;
}

static struct dill_error *find_hosts(struct finder *finder)
{
	struct findings untold = FINDINGS_MUTED;

	for (size_t i = 0; i < finder->known.count; i++) {
		struct located located;
		struct dill_error *error = heap_locate(finder->heap, finder->all,
						       finder->known.items[i], &untold, &located);

		if (error && error_is_fatal(error))
			return error;
		if (!error && located.in_slab && located.cache)
			note_host(finder, located.cache);
		dill_error_free(error);
	}
	return NULL;
}

/* --- candidates --- */

/* The cache whose sheaf the object could be; NULL when it is none. */
static const struct cache *owner_of(const struct finder *finder, struct span bytes,
				    uint32_t *ret_size)
{
	const struct layout *l = &finder->heap->layout;
	const struct cache *owner = cache_at(finder->all, member_get(l->sheaf_cache, bytes));
	uint64_t size = member_get(l->sheaf_size, bytes);
	uint64_t room;

	if (bytes.size < l->sheaf_objects.offset)
		return NULL;
	room = bytes.size - l->sheaf_objects.offset;
	if (!owner || !owner->sheaf_capacity || !size || size > SHEAF_OBJECTS_MAX ||
	    size * 8 > room)
		return NULL;
	*ret_size = (uint32_t)size;
	return owner;
}

static struct dill_error *all_are_objects(struct finder *finder, const struct cache *owner,
					  const uint8_t *objects, uint32_t count, bool *ret)
{
	*ret = false;
	for (uint32_t i = 0; i < count; i++) {
		enum object_claim claim;
		dill_virt object;

		memcpy(&object, objects + i * sizeof(object), sizeof(object));
		TRY(object_check(finder->heap, owner, object, &claim));
		if (claim != CLAIM_TRUE)
			return NULL;
	}
	*ret = true;
	return NULL;
}

/* Whether the sheaf was given to call_rcu(): then the second word of its head says to whom. */
static bool in_call_rcu(const struct finder *finder, struct span bytes)
{
	struct kernel *kernel = finder->heap->kernel;
	struct member func = finder->heap->layout.rcu_func;
	dill_virt callback;
	uint64_t value;

	func.offset += finder->heap->layout.sheaf_rcu.offset;
	value = member_get(func, bytes);
	return (kernel_has_symbol(kernel, "rcu_free_sheaf", &callback) && value == callback) ||
	       (kernel_has_symbol(kernel, "rcu_free_sheaf_nobarn", &callback) && value == callback);
}

static struct dill_error *try_object(struct finder *finder, dill_virt address, struct span bytes)
{
	uint32_t size = 0;
	const struct cache *owner = owner_of(finder, bytes, &size);
	const uint8_t *objects = bytes.data + finder->heap->layout.sheaf_objects.offset;
	bool is_sheaf;

	if (!owner || is_known(finder, address))
		return NULL;
	TRY(all_are_objects(finder, owner, objects, size, &is_sheaf));
	if (!is_sheaf)
		return NULL;

	struct waiting_object item = {
		.cache = owner->address,
		.kind = in_call_rcu(finder, bytes) ? PLACE_CALL_RCU : PLACE_LOOSE_SHEAF,
		.cpu = -1,
		.container = address,
	};

	for (; item.position < size; item.position++) {
		memcpy(&item.object, objects + item.position * sizeof(item.object),
		       sizeof(item.object));
		TRY(array_push(&finder->found, item));
	}
	return NULL;
}

/* The live objects of one slab of a host cache. */
static struct dill_error *search_slab(struct finder *finder, struct slab_memory *memory,
				      size_t index)
{
	const struct cache *cache = memory->map->cache;
	const struct mapped_slab *slab = &memory->map->slabs[index];
	size_t size = (size_t)slab->slab.objects * cache->size;
	struct span all;
	struct dill_error *error = slab_memory_read(memory, index, size, &all);

	TRY(error_forgive(error)); /* what cannot be read cannot be searched: see the map's `why` */
	for (uint32_t i = 0; !error && i < slab->slab.objects; i++) {
		size_t at = (size_t)i * cache->size + cache->red_left_pad;
		struct span bytes = {all.data + at, cache->object_size};

		if (slab->kinds[i] == PLACE_NONE && at + bytes.size <= size)
			TRY(try_object(finder, slab->slab.base + at, bytes));
	}
	return NULL;
}

static struct dill_error *search_host(struct finder *finder, const struct cache *host,
				      const struct waiting *waiting)
{
	struct findings untold = FINDINGS_MUTED;
	_cleanup_(arena_freep)
	struct arena *arena = NULL;
	_cleanup_(freep)
	uint8_t *buffer = malloc(slab_memory_size(host));
	struct reading reading;
	struct contents contents;
	struct cache_map map;
	struct slab_memory memory = {finder->heap, &map, buffer, 0};

	if (!buffer)
		return error_no_memory();
	TRY(arena_new(&arena));
	reading = reading_start(finder->heap, CONTENTS_FREELISTS, arena, &untold);
	TRY(contents_read(&reading, host, 1, &contents));
	TRY(cache_map_make(&reading, &contents, waiting, finder->scan, &map));
	for (size_t i = 0; i < map.count; i++) {
		TRY(target_check_interrupt(kernel_target(finder->heap->kernel)));
		TRY(search_slab(finder, &memory, i));
	}
	return NULL;
}

/* Put what was found behind what waits. */
static struct dill_error *append(struct finder *finder, struct waiting *waiting)
{
	size_t count = waiting->count + finder->found.count;
	struct waiting_object *items = arena_alloc_array(finder->arena, count + 1, sizeof(*items));

	if (!items)
		return error_no_memory();
	if (waiting->count)
		memcpy(items, waiting->items, waiting->count * sizeof(*items));
	if (finder->found.count)
		memcpy(items + waiting->count, finder->found.items,
		       finder->found.count * sizeof(*items));
	waiting->items = items;
	waiting->count = count;
	return NULL;
}

static struct dill_error *find(struct finder *finder, struct waiting *waiting)
{
	TRY(note_known(finder, waiting));
	TRY(find_hosts(finder));
	for (size_t i = 0; i < finder->host_count; i++)
		if (finder->hosts[i]->usable)
			TRY(search_host(finder, finder->hosts[i], waiting));
	return append(finder, waiting);
}

struct dill_error *loose_sheaves_find(struct heap *heap, struct cache_list *all,
				      const struct slab_scan *scan, struct arena *arena,
				      struct findings *findings, struct waiting *waiting)
{
	struct finder finder = {
		.heap = heap, .all = all, .scan = scan, .arena = arena, .findings = findings};
	struct dill_error *error = find(&finder, waiting);

	array_free(&finder.known);
	array_free(&finder.found);
	return error;
}
