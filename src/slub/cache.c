/* SPDX-License-Identifier: MIT */
#include "slub/cache.h"

#include <inttypes.h>
#include <string.h>

#include "slub/list.h"

/* Longest name that is shown; the kernel's own have less than 64 characters, modules may use more.
 */
#define NAME_MAX_BYTES 128
/* Largest order that the page allocator has ever had on x86-64 (MAX_ORDER), and most objects a slab
 * can count. */
#define ORDER_MAX   10
#define OBJECTS_MAX 32767

size_t cache_bytes(const struct heap *heap, unsigned node_limit)
{
	const struct layout *l = &heap->layout;
	uint64_t array = l->cache_per_node.present ? l->cache_per_node.offset
			 : l->cache_node.present   ? l->cache_node.offset
						   : l->cache_first_node.offset;
	uint64_t size =
		array + (uint64_t)node_limit * (l->per_node_stride ? l->per_node_stride : 8);

	if (l->cache_struct_size > array && size > l->cache_struct_size)
		size = l->cache_struct_size;
	return (size_t)size;
}

static bool sizes_make_sense(const struct cache *cache)
{
	if (cache->order > ORDER_MAX)
		return false;

	uint64_t slab = cache_order_bytes(cache, cache->order);

	return cache->size >= 8 && cache->object_size > 0 && cache->object_size <= cache->size &&
	       cache->min_order <= cache->order && cache->objects_per_slab > 0 &&
	       cache->objects_per_slab <= OBJECTS_MAX &&
	       (uint64_t)cache->objects_per_slab * cache->size <= slab &&
	       cache->min_objects_per_slab <= cache->objects_per_slab &&
	       cache->offset <= cache->size - 8 && cache->red_left_pad < cache->size;
}

/* Of sizes that make no sense, the member that does not fit the others. */
static struct member wrong_member(const struct layout *l, const struct cache *cache)
{
	uint32_t min_order = cache->min_order < ORDER_MAX ? cache->min_order : ORDER_MAX;
	uint64_t least = cache_order_bytes(cache, min_order);
	bool size_fits = cache->size >= 8 && cache->inuse <= cache->size &&
			 (uint64_t)cache->min_objects_per_slab * cache->size <= least;

	if (!size_fits)
		return l->cache_size;
	if (!cache->object_size || cache->object_size > cache->size)
		return l->cache_object_size;
	if (cache->offset > cache->size - 8)
		return l->cache_offset;
	if (cache->red_left_pad >= cache->size)
		return l->cache_red_left_pad;
	if (cache->order <= ORDER_MAX && cache->objects_per_slab &&
	    cache->objects_per_slab <= OBJECTS_MAX &&
	    (uint64_t)cache->objects_per_slab * cache->size <=
		    cache_order_bytes(cache, cache->order))
		return l->cache_min;
	return l->cache_oo;
}

/* The pointers of a node in a struct kmem_cache: an element of one array or the other. */
static struct member node_member(const struct layout *l, uint32_t node)
{
	struct member member = l->cache_per_node.present ? l->cache_per_node_node
			       : l->cache_node.present	 ? l->cache_node
							 : l->cache_first_node;

	member.size = 8; /* `node` is the whole array: take one element */
	member.offset += (uint32_t)(node * (l->per_node_stride ? l->per_node_stride : 8));
	return member;
}

static struct member barn_member(const struct layout *l, uint32_t node)
{
	struct member member = l->cache_per_node_barn;

	member.offset += (uint32_t)(node * (l->per_node_stride ? l->per_node_stride : 8));
	return member;
}

dill_virt cache_node_slot(const struct heap *heap, const struct cache *cache, unsigned node)
{
	return cache->address + node_member(&heap->layout, node).offset;
}

dill_virt cache_barn_slot(const struct heap *heap, const struct cache *cache, unsigned node)
{
	return cache->address + barn_member(&heap->layout, node).offset;
}

static struct dill_error *read_nodes(struct heap *heap, struct arena *arena, struct span bytes,
				     struct cache *cache)
{
	uint32_t limit = cache->node_limit;
	dill_virt *nodes = arena_alloc_array(arena, limit, sizeof(*nodes));
	dill_virt *barns = arena_alloc_array(arena, limit, sizeof(*barns));

	if (!nodes || !barns)
		return error_no_memory();
	for (uint32_t i = 0; i < limit; i++) {
		nodes[i] = member_get(node_member(&heap->layout, i), bytes);
		barns[i] = member_get(barn_member(&heap->layout, i), bytes);
	}
	cache->nodes = nodes;
	cache->barns = barns;
	return NULL;
}

static struct dill_error *fill(struct heap *heap, struct arena *arena, struct span bytes,
			       struct cache *cache)
{
	const struct layout *l = &heap->layout;
	uint64_t oo = member_get(l->cache_oo, bytes), min = member_get(l->cache_min, bytes);

	cache->flags = member_get(l->cache_flags, bytes);
	cache->object_size = (uint32_t)member_get(l->cache_object_size, bytes);
	cache->size = (uint32_t)member_get(l->cache_size, bytes);
	cache->inuse = (uint32_t)member_get(l->cache_inuse, bytes);
	cache->offset = (uint32_t)member_get(l->cache_offset, bytes);
	cache->align = (uint32_t)member_get(l->cache_align, bytes);
	cache->red_left_pad = (uint32_t)member_get(l->cache_red_left_pad, bytes);
	/* mm/slub.c OO_SHIFT: the order in the upper half, the number of objects in the lower. */
	cache->order = (uint32_t)(oo >> 16);
	cache->objects_per_slab = oo & 0xffff;
	cache->page_size = kernel_page_size(heap->kernel);
	cache->min_order = (uint32_t)(min >> 16);
	cache->min_objects_per_slab = min & 0xffff;
	cache->refcount = (int32_t)member_get(l->cache_refcount, bytes);
	cache->ctor = member_get(l->cache_ctor, bytes);
	cache->random = member_get(l->cache_random, bytes);
	cache->useroffset = (uint32_t)member_get(l->cache_useroffset, bytes);
	cache->usersize = (uint32_t)member_get(l->cache_usersize, bytes);
	cache->min_partial = member_get(l->cache_min_partial, bytes);
	cache->cpu_partial = (uint32_t)member_get(l->cache_cpu_partial, bytes);
	cache->cpu_partial_slabs = (uint32_t)member_get(l->cache_cpu_partial_slabs, bytes);
	cache->cpu_slab = member_get(l->cache_cpu_slab, bytes);
	cache->cpu_sheaves = member_get(l->cache_cpu_sheaves, bytes);
	cache->sheaf_capacity = (uint32_t)member_get(l->cache_sheaf_capacity, bytes);
	cache->kasan_alloc = (uint32_t)member_get(l->kasan_alloc, bytes);
	cache->kasan_free = (uint32_t)member_get(l->kasan_free, bytes);
	cache->usable = sizes_make_sense(cache);
	return read_nodes(heap, arena, bytes, cache);
}

static struct dill_error *read_name(struct heap *heap, struct arena *arena,
				    struct findings *findings, dill_virt address,
				    struct cache *cache)
{
	_cleanup_(freep)
	char *raw = NULL;
	_cleanup_(strbuf_deinitp)
	struct strbuf text = {0};
	struct dill_error *error = kernel_read_string(heap->kernel, address, NAME_MAX_BYTES, &raw);
	struct finding_place place = {.cpu = -1, .node = -1};

	if (error) {
		cache->name = arena_format(arena, "?0x%" PRIx64, cache->address);
		return findings_absorb_at(findings, &place,
					  cache->address + heap->layout.cache_name.offset, address,
					  dill_error_add_context(error, "name of a cache"));
	}
	strbuf_append_escaped(&text, raw, strlen(raw));
	TRY(strbuf_error(&text));
	cache->name = arena_copy_text(arena, strbuf_get(&text), text.length);
	return cache->name ? NULL : error_no_memory();
}

static struct dill_error *read_into(struct heap *heap, struct arena *arena,
				    struct findings *findings, uint8_t *buffer, size_t size,
				    struct cache *cache)
{
	struct span bytes = {buffer, size};
	struct finding_place place = {.cpu = -1, .node = -1};
	struct dill_error *error = kernel_read(heap->kernel, cache->address, buffer, size);

	if (error) {
		cache->name = arena_format(arena, "?0x%" PRIx64, cache->address);
		cache->node_limit = 0;
		return findings_absorb(findings, &place,
				       dill_error_add_context(error, "struct kmem_cache"));
	}
	TRY(fill(heap, arena, bytes, cache));
	TRY(read_name(heap, arena, findings, member_get(heap->layout.cache_name, bytes), cache));
	if (!cache->usable) {
		place.cache = cache->name;
		findings_add(findings, FINDING_CACHE, &place,
			     cache->address + wrong_member(&heap->layout, cache).offset,
			     "size %u, object size %u, order %u and %u objects per slab do not fit "
			     "together",
			     cache->size, cache->object_size, cache->order,
			     cache->objects_per_slab);
	}
	return NULL;
}

struct dill_error *cache_read(struct heap *heap, struct arena *arena, struct findings *findings,
			      struct cache *cache)
{
	size_t size = cache_bytes(heap, cache->node_limit);
	_cleanup_(freep)
	uint8_t *buffer = malloc(size);

	return buffer ? read_into(heap, arena, findings, buffer, size, cache) : error_no_memory();
}

/* All names in one request: they are small strings scattered over the heap. */
static struct dill_error *prefetch_names(struct heap *heap, const struct cache_list *list)
{
	_cleanup_(freep)
	dill_virt *addresses = calloc(list->count + 1, sizeof(*addresses));
	size_t used = 0;

	if (!addresses)
		return error_no_memory();
	for (size_t i = 0; i < list->count; i++) {
		dill_virt field = list->items[i].address + heap->layout.cache_name.offset;
		struct dill_error *error = kernel_read_u64(heap->kernel, field, &addresses[used]);

		if (!error)
			used++;
		else if (error_is_fatal(error))
			return error;
		dill_error_free(error);
	}
	return kernel_prefetch(heap->kernel, addresses, used);
}

static unsigned node_limit_of(const struct heap *heap)
{
	unsigned limit = kernel_node_limit(heap->kernel);

	return heap->layout.node_slots && limit > heap->layout.node_slots ? heap->layout.node_slots
									  : limit;
}

/* Read the caches whose list entries @nodes are. */
static struct dill_error *read_caches(struct heap *heap, const dill_virt *nodes, size_t count,
				      struct arena *arena, struct findings *findings,
				      struct cache_list *ret)
{
	unsigned node_limit = node_limit_of(heap);
	size_t size = cache_bytes(heap, node_limit);
	_cleanup_(freep)
	uint8_t *buffer = malloc(size);

	if (!buffer)
		return error_no_memory();
	*ret = (struct cache_list){.count = count, .listed = count, .arena = arena};
	ret->items = arena_alloc_array(arena, count + CACHES_GONE_MAX, sizeof(*ret->items));
	if (!ret->items)
		return error_no_memory();
	for (size_t i = 0; i < ret->count; i++) {
		ret->items[i].address = nodes[i] - heap->layout.cache_list.offset;
		ret->items[i].node_limit = node_limit;
	}
	TRY(prefetch_names(heap, ret));
	for (size_t i = 0; i < ret->count; i++)
		TRY(read_into(heap, arena, findings, buffer, size, &ret->items[i]));
	return NULL;
}

struct dill_error *caches_read(struct heap *heap, struct arena *arena, struct findings *findings,
			       struct cache_list *ret)
{
	_cleanup_(list_walk_deinitp)
	struct list_walk walk = {
		.head = heap->slab_caches,
		.what = "list of caches",
		.place = {.cpu = -1, .node = -1},
	};

	TRY(lists_collect(heap, &walk, 1, findings));
	return read_caches(heap, walk.nodes.items, walk.nodes.count, arena, findings, ret);
}

/* --- one of them --- */

/* Caches of kmalloc() that are read along, for the self check. */
#define KMALLOC_SAMPLES 6u

/* The search for a cache, from the oldest on: these are what people ask for. */
struct search {
	const char *name;
	ARRAY(dill_virt) nodes; /* of those that are read */
	unsigned kmalloc;
	bool found, found_own, found_node;
};

static bool is_done(const struct search *search)
{
	return search->found && search->found_own && search->found_node;
}

static struct dill_error *look_at(struct heap *heap, dill_virt node, struct search *search)
{
	_cleanup_(freep)
	char *name = NULL;
	dill_virt address, cache = node - heap->layout.cache_list.offset;
	bool is_kmalloc, own, own_node, found;

	TRY(kernel_read_u64(heap->kernel, cache + heap->layout.cache_name.offset, &address));
	TRY(kernel_read_string(heap->kernel, address, NAME_MAX_BYTES, &name));
	found = !strcmp(name, search->name);
	own = !strcmp(name, "kmem_cache");
	own_node = !strcmp(name, "kmem_cache_node");
	is_kmalloc = !strncmp(name, "kmalloc-", 8) && search->kmalloc < KMALLOC_SAMPLES;
	search->found |= found;
	search->found_own |= own;
	search->found_node |= own_node;
	search->kmalloc += is_kmalloc;
	return found || own || own_node || is_kmalloc ? array_push(&search->nodes, node) : NULL;
}

/* The list from its end, without a look at what lies behind the last one that is needed. */
static struct dill_error *search_back(struct heap *heap, struct search *search)
{
	const struct layout *l = &heap->layout;
	dill_virt at = heap->slab_caches, back, forward;

	for (size_t count = 0; count < LIST_NODES_MAX && !is_done(search); count++) {
		TRY(target_check_interrupt(kernel_target(heap->kernel)));
		TRY(kernel_read_u64(heap->kernel, at + l->list_prev.offset, &back));
		TRY(kernel_read_u64(heap->kernel, back + l->list_next.offset, &forward));
		if (back == heap->slab_caches || forward != at)
			break;
		TRY(look_at(heap, back, search));
		at = back;
	}
	return NULL;
}

struct dill_error *caches_read_named(struct heap *heap, const char *name, struct arena *arena,
				     struct findings *findings, struct cache_list *ret)
{
	struct search search = {.name = name};
	struct dill_error *error = NULL;

	if (target_is_slow(kernel_target(heap->kernel)))
		error = search_back(heap, &search);
	if (!error && is_done(&search)) {
		for (size_t i = 0, j = search.nodes.count - 1; i < j; i++, j--) {
			dill_virt node = search.nodes.items[i];

			search.nodes.items[i] = search.nodes.items[j];
			search.nodes.items[j] = node;
		}
		error = read_caches(heap, search.nodes.items, search.nodes.count, arena, findings,
				    ret);
		ret->is_part = true;
		array_free(&search.nodes);
		return error;
	}
	array_free(&search.nodes);
	/* What is broken there, and what is not there, the whole list tells. */
	TRY(error_forgive(error));
	return caches_read(heap, arena, findings, ret);
}

static const char *const standings[] = {
	[CACHE_UNLISTED] = "unlisted",
	[CACHE_DESTROYED] = "destroyed",
	[CACHE_FREED] = "freed",
};

const char *cache_standing_name(enum cache_standing standing)
{
	return standings[standing];
}

const char *cache_kernel_name(const struct cache *cache)
{
	const char *word = cache_standing_name(cache->standing);

	return word ? cache->name + strlen(word) + strlen("() ") : cache->name;
}

bool cache_is_debug(const struct heap *heap, const struct cache *cache)
{
	static const char *const names[] = {"RED_ZONE", "POISON", "STORE_USER", "TRACE",
					    "CONSISTENCY_CHECKS"};
	uint64_t mask = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		mask |= layout_flag(&heap->layout, names[i]);
	return cache->flags & mask;
}

struct dill_error *cache_flag_names(const struct heap *heap, const struct cache *cache,
				    struct arena *arena, const char *const **ret, size_t *ret_count)
{
	const struct layout *l = &heap->layout;
	const char **names = arena_alloc_array(arena, l->flag_count + 1, sizeof(*names));
	uint64_t rest = cache->flags;
	size_t count = 0;

	if (!names)
		return error_no_memory();
	for (size_t i = 0; i < l->flag_count; i++) {
		if (!(cache->flags & l->flags[i].mask))
			continue;
		names[count] = arena_format(arena, "%s", l->flags[i].name);
		if (!names[count++])
			return error_no_memory();
		rest &= ~l->flags[i].mask;
	}
	if (rest) {
		names[count] = arena_format(arena, "0x%" PRIx64, rest);
		if (!names[count++])
			return error_no_memory();
	}
	*ret = names;
	*ret_count = count;
	return NULL;
}

const struct cache *cache_at(const struct cache_list *caches, dill_virt address)
{
	for (size_t i = 0; i < caches->count; i++)
		if (caches->items[i].address == address)
			return &caches->items[i];
	return NULL;
}
