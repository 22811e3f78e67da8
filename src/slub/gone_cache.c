/* SPDX-License-Identifier: MIT */
#include "slub/gone_cache.h"

#include "slub/claim.h"
#include "slub/places.h"

/* Caches that are asked for their slab until one answers. */
#define ASK_MAX 16u

/* The cache whose objects the others are; NULL when that cannot be told. */
static struct dill_error *cache_of_caches(struct heap *heap, const struct cache_list *caches,
					  const struct cache **ret)
{
	*ret = NULL;
	for (size_t i = 0; i < caches->listed && i < ASK_MAX && !*ret; i++) {
		dill_virt address = caches->items[i].address, owner = 0;
		struct dill_error *error;

		if (heap_is_kfence(heap, address))
			continue;
		error = slab_owner(heap, address, &owner);
		TRY(error_forgive(error));
		*ret = owner ? cache_at(caches, owner) : NULL;
	}
	return NULL;
}

/* --- whether its memory was freed --- */

struct search {
	dill_virt object;
	bool found;
};

static struct dill_error *compare(void *context, dill_virt object, const struct place *place)
{
	struct search *search = context;

	(void)place;
	search->found |= object == search->object;
	return NULL;
}

static struct dill_error *is_free(struct heap *heap, const struct cache *owner, dill_virt object,
				  bool *ret)
{
	struct search search = {.object = object};
	_cleanup_(arena_freep)
	struct arena *arena = NULL;
	struct findings untold = FINDINGS_MUTED;
	struct reading reading;
	struct contents contents;

	TRY(arena_new(&arena));
	reading = reading_start(heap, CONTENTS_FREELISTS, arena, &untold);
	TRY(contents_read(&reading, owner, 1, &contents));
	TRY(places_visit(&contents, NULL, compare, &search));
	*ret = search.found;
	return NULL;
}

/* --- whether it is still linked --- */

/* A word of the target; 0 when it cannot be read. */
static struct dill_error *read_word(struct heap *heap, dill_virt address, uint64_t *ret)
{
	struct dill_error *error = kernel_read_u64(heap->kernel, address, ret);

	if (!error)
		return NULL;
	*ret = 0;
	if (error_is_fatal(error))
		return error;
	dill_error_free(error);
	return NULL;
}

/* list_del() poisons the links, and whoever unlinks it by hand leaves neighbours that do not point
 * back. Linked it is behind a break of the list, or on its way out (slab_caches_to_rcu_destroy). */
static struct dill_error *is_linked(struct heap *heap, dill_virt cache, bool *ret)
{
	const struct layout *l = &heap->layout;
	dill_virt link = cache + l->cache_list.offset;
	uint64_t next, prev, back = 0, forth = 0;

	TRY(read_word(heap, link + l->list_next.offset, &next));
	TRY(read_word(heap, link + l->list_prev.offset, &prev));
	if (next)
		TRY(read_word(heap, next + l->list_prev.offset, &back));
	if (prev)
		TRY(read_word(heap, prev + l->list_next.offset, &forth));
	*ret = next != link && back == link && forth == link;
	return NULL;
}

/* --- reading it --- */

/* Its lists and its per-CPU data were freed with it, and are somebody else's now. */
static void forget_lists(struct cache *cache)
{
	cache->cpu_slab = cache->cpu_sheaves = 0;
	cache->sheaf_capacity = 0;
	cache->node_limit = 0;
}

static struct dill_error *judge(struct heap *heap, const struct cache *owner, struct cache *cache)
{
	bool linked, freed;

	TRY(is_free(heap, owner, cache->address, &freed));
	TRY(is_linked(heap, cache->address, &linked));
	cache->standing = freed ? CACHE_FREED : linked ? CACHE_UNLISTED : CACHE_DESTROYED;
	if (freed)
		forget_lists(cache);
	return NULL;
}

static struct dill_error *read(struct heap *heap, struct cache_list *caches, dill_virt address,
			       struct cache *ret)
{
	struct findings untold = FINDINGS_MUTED;
	const struct cache *owner;
	enum object_claim claim;

	*ret = (struct cache){.address = address, .node_limit = caches->items[0].node_limit};
	TRY(cache_of_caches(heap, caches, &owner));
	if (!owner)
		return NULL;
	TRY(object_check(heap, owner, address, &claim));
	if (claim != CLAIM_TRUE)
		return NULL;
	TRY(cache_read(heap, caches->arena, &untold, ret));
	if (!ret->usable)
		return NULL;
	TRY(judge(heap, owner, ret));
	ret->name = arena_format(caches->arena, "(%s) %s", cache_standing_name(ret->standing),
				 ret->name);
	return ret->name ? NULL : error_no_memory();
}

struct dill_error *gone_cache_find(struct heap *heap, struct cache_list *caches, dill_virt address,
				   struct cache **ret)
{
	struct cache cache;

	*ret = NULL;
	for (size_t i = caches->listed; i < caches->count && !*ret; i++)
		if (caches->items[i].address == address)
			*ret = &caches->items[i];
	if (*ret || !address || caches->is_part || address == caches->no_cache || !caches->listed ||
	    caches->count - caches->listed >= CACHES_GONE_MAX)
		return NULL;
	TRY(read(heap, caches, address, &cache));
	if (!cache.usable) {
		caches->no_cache = address;
		return NULL;
	}
	caches->items[caches->count] = cache;
	*ret = &caches->items[caches->count++];
	return NULL;
}

struct dill_error *gone_cache_text(struct heap *heap, struct cache_list *caches, dill_virt address,
				   const char **ret)
{
	const struct cache *owner;
	enum object_claim claim;
	bool freed;

	*ret = "is no struct kmem_cache";
	TRY(cache_of_caches(heap, caches, &owner));
	if (!owner)
		return NULL;
	TRY(object_check(heap, owner, address, &claim));
	if (claim != CLAIM_TRUE)
		return NULL;
	TRY(is_free(heap, owner, address, &freed));
	*ret = freed ? "is a struct kmem_cache that was freed, and nothing of it is left"
		     : "is a struct kmem_cache whose sizes make no sense";
	return NULL;
}

/* --- whether there are any --- */

struct dill_error *gone_caches_exist(struct heap *heap, struct cache_list *caches, bool *ret)
{
	_cleanup_(arena_freep)
	struct arena *arena = NULL;
	struct findings untold = FINDINGS_MUTED;
	struct reading reading;
	struct contents contents;
	const struct cache *owner;
	uint64_t listed = 0;

	*ret = true;
	TRY(cache_of_caches(heap, caches, &owner));
	if (!owner)
		return NULL;
	TRY(arena_new(&arena));
	reading = reading_start(heap, CONTENTS_FREELISTS, arena, &untold);
	TRY(contents_read(&reading, owner, 1, &contents));
	if (!contents.has_totals || contents.incomplete || contents.in_motion)
		return NULL;
	for (size_t i = 0; i < caches->listed; i++)
		listed += !heap_is_kfence(heap, caches->items[i].address);
	*ret = contents.objects > contents.free + contents.cached + listed;
	return NULL;
}
