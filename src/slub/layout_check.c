/* SPDX-License-Identifier: MIT */
#include "slub/layout_check.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "slub/claim.h"
#include "slub/encoding.h"
#include "slub/layout_check_slabs.h"
#include "solve/kmalloc_name.h"

/* No kernel's struct kmem_cache comes near. */
#define CACHE_BYTES_MAX (UINT64_C(64) << 10)
/* Caches whose slabs are looked at. */
#define SAMPLE_MAX 96u
/* Where each byte of the target costs. */
#define SAMPLE_SLOW 6u
/* PAGE_SHIFT + the largest order that the page allocator has had. */
#define ORDER_MAX 10u
/* More users than a cache is merged for; -1 while it is one of the first. */
#define USERS_MAX 4096
/* What init modules and their like are mapped above: MODULES_VADDR without KASLR. */
#define MODULES_FIRST UINT64_C(0xffffffffa0000000)

/* --- one cache --- */

static bool fills_slab(const struct cache *cache, uint32_t order, uint32_t objects)
{
	return cache->size && order <= ORDER_MAX && objects &&
	       objects == cache_order_bytes(cache, order) / cache->size;
}

/* Source: mm/slub.c calculate_sizes(): get_order() */
static bool is_least(const struct cache *cache, uint32_t order)
{
	return !order || (order <= ORDER_MAX && cache_order_bytes(cache, order - 1) < cache->size);
}

static void vote_sizes(const struct cache *cache, struct layout_votes *votes)
{
	uint64_t bytes = kmalloc_name_bytes(cache->name);

	if (bytes)
		layout_vote(votes, RULE_OBJECT_SIZE, cache->object_size == bytes, "%u in %s",
			    cache->object_size, cache->name);
	/* With a wrong size no order fits. */
	layout_vote(votes, RULE_SIZE,
		    cache->size >= cache->object_size && cache->size % 8 == 0 &&
			    (fills_slab(cache, cache->order, cache->objects_per_slab) ||
			     fills_slab(cache, cache->min_order, cache->min_objects_per_slab)),
		    "%u in %s of %u bytes", cache->size, cache->name, cache->object_size);
	layout_vote(votes, RULE_OO, fills_slab(cache, cache->order, cache->objects_per_slab),
		    "order %u with %u objects of %u bytes in %s", cache->order,
		    cache->objects_per_slab, cache->size, cache->name);
	layout_vote(votes, RULE_MIN,
		    cache->min_order <= cache->order && is_least(cache, cache->min_order) &&
			    fills_slab(cache, cache->min_order, cache->min_objects_per_slab),
		    "order %u with %u objects of %u bytes in %s", cache->min_order,
		    cache->min_objects_per_slab, cache->size, cache->name);
	/* Source: mm/slub.c calculate_sizes(): a word more with red zones */
	layout_vote(votes, RULE_INUSE,
		    cache->inuse % 8 == 0 && cache->inuse <= cache->size &&
			    cache->inuse - (uint64_t)cache->object_size < 2 * sizeof(uint64_t),
		    "%u in %s of %u bytes", cache->inuse, cache->name, cache->object_size);
	layout_vote(votes, RULE_ALIGN,
		    cache->align >= 8 && !(cache->align & (cache->align - 1)) &&
			    cache->size % cache->align == 0,
		    "%u in %s of %u bytes", cache->align, cache->name, cache->size);
	layout_vote(votes, RULE_OFFSET_INSIDE,
		    cache->offset % 8 == 0 && cache->offset + UINT64_C(8) <= cache->size,
		    "%u in %s of %u bytes", cache->offset, cache->name, cache->size);
}

static bool is_code(struct heap *heap, dill_virt address)
{
	const struct kernel_facts *facts = kernel_facts(heap->kernel);

	return address - facts->base < facts->image_size || address >= MODULES_FIRST;
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), tail = strlen(end);

	return length >= tail && !strcmp(text + length - tail, end);
}

/*
 * Flags of caches that have them in every kernel that knows them, by the bits that the types or the
 * known macros say. Source: fs/dcache.c, fs/inode.c, kernel/fork.c, mm/slub.c kmem_cache_init()
 */
static void vote_flags(struct heap *heap, const struct cache *cache, struct layout_votes *votes)
{
	static const struct {
		const char *cache, *flag;
		bool set;
	} known[] = {
		{"dentry", "RECLAIM_ACCOUNT", true},
		{"inode_cache", "RECLAIM_ACCOUNT", true},
		{"kmem_cache", "HWCACHE_ALIGN", true},
		{"kmem_cache_node", "HWCACHE_ALIGN", true},
		{"kmem_cache", "NO_OBJ_EXT", true},
		{"kmem_cache_node", "NO_OBJ_EXT", true},
		{"kmalloc-64", "RECLAIM_ACCOUNT", false},
		{"kmalloc-96", "TYPESAFE_BY_RCU", false},
		{"sighand_cache", "TYPESAFE_BY_RCU", true},
	};
	const struct layout *l = &heap->layout;

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		uint64_t mask = layout_flag(l, known[i].flag);

		if (mask && !strcmp(cache->name, known[i].cache))
			layout_vote(votes, RULE_FLAGS, !(cache->flags & mask) == !known[i].set,
				    "0x%" PRIx64 " in %s", cache->flags, cache->name);
	}
	if (cache->flags & layout_flag(l, "OBJECT_POISON"))
		layout_vote(votes, RULE_FLAGS, cache->flags & layout_flag(l, "POISON"),
			    "0x%" PRIx64 " in %s", cache->flags, cache->name);
}

static void vote_limits(const struct layout *l, const struct cache *cache,
			struct layout_votes *votes)
{
	uint64_t limit = cache->cpu_partial;

	/* 0 in all with SLUB_TINY. Source: mm/slub.c set_min_partial() */
	if (l->cache_min_partial.present)
		layout_vote(votes, RULE_MIN_PARTIAL,
			    !cache->min_partial ||
				    (cache->min_partial >= 5 && cache->min_partial <= 10),
			    "%llu in %s", (unsigned long long)cache->min_partial, cache->name);
	/* Source: mm/slub.c set_cpu_partial(), slub_set_cpu_partial() */
	if (l->cache_cpu_partial.present)
		layout_vote(votes, RULE_CPU_PARTIAL, limit <= 1000, "%llu in %s",
			    (unsigned long long)limit, cache->name);
	if (l->cache_cpu_partial.present && l->cache_cpu_partial_slabs.present &&
	    cache->objects_per_slab)
		layout_vote(votes, RULE_CPU_PARTIAL_SLABS,
			    cache->cpu_partial_slabs == (limit * 2 + cache->objects_per_slab - 1) /
								cache->objects_per_slab,
			    "%u in %s with cpu_partial %llu", cache->cpu_partial_slabs, cache->name,
			    (unsigned long long)limit);
}

static void vote_others(struct heap *heap, const struct cache *cache, struct layout_votes *votes)
{
	const struct layout *l = &heap->layout;
	bool red_zone = cache->flags & layout_flag(l, "RED_ZONE");

	if (l->cache_red_left_pad.present)
		layout_vote(votes, RULE_RED_LEFT_PAD,
			    cache->red_left_pad % 8 == 0 && cache->red_left_pad < cache->size &&
				    !cache->red_left_pad == !red_zone,
			    "%u in %s", cache->red_left_pad, cache->name);
	layout_vote(votes, RULE_REFCOUNT,
		    cache->refcount == -1 || (cache->refcount > 0 && cache->refcount <= USERS_MAX),
		    "%d in %s", cache->refcount, cache->name);
	layout_vote(votes, RULE_CTOR, !cache->ctor || is_code(heap, cache->ctor),
		    "0x%" PRIx64 " in %s", cache->ctor, cache->name);
	/* Not of LSMs, whose objects are no inodes. */
	if (ends_with(cache->name, "inode_cache") && strncmp(cache->name, "lsm", 3) != 0)
		layout_vote(votes, RULE_CTOR_SET, cache->ctor, "0 in %s", cache->name);
}

/* Source: mm/slab_common.c create_kmalloc_cache(): all of a kmalloc object may be copied */
static void vote_usercopy(const struct layout *l, const struct cache *cache,
			  struct layout_votes *votes)
{
	uint64_t bytes = kmalloc_name_bytes(cache->name);

	if (!bytes || !l->cache_usersize.present || !l->cache_useroffset.present)
		return;
	layout_vote(votes, RULE_USERSIZE, cache->usersize == bytes, "%u in %s", cache->usersize,
		    cache->name);
	layout_vote(votes, RULE_USEROFFSET, !cache->useroffset, "%u in %s", cache->useroffset,
		    cache->name);
}

static struct dill_error *vote_random_seq(struct heap *heap, const struct cache *cache,
					  struct layout_votes *votes)
{
	const struct member *member = &heap->layout.cache_random_seq;
	uint64_t value = 0;
	struct dill_error *error;

	if (!member->present)
		return NULL;
	error = kernel_read_u64(heap->kernel, cache->address + member->offset, &value);
	if (error && error_is_fatal(error))
		return error;
	layout_vote(votes, RULE_RANDOM_SEQ, !error && (!value || value >> 63),
		    "0x%" PRIx64 " in %s", value, cache->name);
	dill_error_free(error);
	return NULL;
}

/* --- all caches --- */

/* "?0x..." stands for a name that could not be read; see cache.c. */
static void vote_name(const struct layout *l, const struct cache *cache, struct layout_votes *votes)
{
	bool text = *cache->name && *cache->name != '?';

	for (const char *at = cache->name; *at; at++)
		text &= *at > ' ' && *at < 0x7f && *at != '\\';
	layout_vote(votes, RULE_NAME, text,
		    "%.24s at 0x%" PRIx64 ", where caches begin by kmem_cache.list at %u",
		    *cache->name ? cache->name : "empty", cache->address, l->cache_list.offset);
}

/* The kernel's own pointer to the cache of caches tells where caches begin. */
static struct dill_error *vote_begin(struct heap *heap, const struct cache *cache,
				     struct layout_votes *votes)
{
	dill_virt variable, begin;
	struct dill_error *error;

	if (strcmp(cache->name, "kmem_cache") != 0 ||
	    !kernel_has_symbol(heap->kernel, "kmem_cache", &variable))
		return NULL;
	error = kernel_read_u64(heap->kernel, variable, &begin);
	if (!error)
		layout_vote(votes, RULE_LIST, begin == cache->address,
			    "in a cache kmem_cache at 0x%" PRIx64
			    ", which the kernel has at 0x%" PRIx64,
			    cache->address, begin);
	if (error && error_is_fatal(error))
		return error;
	dill_error_free(error);
	return NULL;
}

static void vote_ones(const struct cache_list *caches, struct layout_votes *votes)
{
	size_t ones = 0;

	for (size_t i = 0; i < caches->count; i++)
		ones += caches->items[i].refcount == 1;
	layout_vote(votes, RULE_REFCOUNT_ONE, ones * 4 >= caches->count, "so in %zu of %zu", ones,
		    caches->count);
}

static void vote_all_flags(struct heap *heap, const struct cache_list *caches,
			   struct layout_votes *votes)
{
	for (size_t i = 0; i < caches->count; i++)
		vote_flags(heap, &caches->items[i], votes);
}

/* A struct file that names no flags may be of a kernel with macros, or with numbers. */
static void decide_flags(struct heap *heap, const struct cache_list *caches,
			 struct layout_votes *votes)
{
	struct layout numbered = heap->layout, macros = heap->layout;
	struct member_vote before;

	vote_all_flags(heap, caches, votes);
	if (heap->layout.flags_from_types || !layout_vote_fails(votes, RULE_FLAGS))
		return;
	before = votes->votes[RULE_FLAGS];
	votes->votes[RULE_FLAGS] = (struct member_vote){0};
	layout_number_flags(&numbered);
	heap->layout = numbered;
	vote_all_flags(heap, caches, votes);
	if (!layout_vote_fails(votes, RULE_FLAGS))
		return;
	heap->layout = macros;
	votes->votes[RULE_FLAGS] = before;
}

static struct dill_error *vote_caches(struct heap *heap, const struct cache_list *caches,
				      struct layout_votes *votes)
{
	vote_ones(caches, votes);
	decide_flags(heap, caches, votes);
	for (size_t i = 0; i < caches->count; i++) {
		const struct cache *cache = &caches->items[i];

		TRY(vote_begin(heap, cache, votes));
		vote_sizes(cache, votes);
		vote_limits(&heap->layout, cache, votes);
		vote_others(heap, cache, votes);
		vote_usercopy(&heap->layout, cache, votes);
		TRY(vote_random_seq(heap, cache, votes));
	}
	return NULL;
}

/* Caches that are looked into: all, or every so manieth. */
static struct dill_error *vote_slabs(struct heap *heap, const struct cache_list *caches,
				     struct layout_votes *votes)
{
	size_t most = target_is_slow(kernel_target(heap->kernel)) ? SAMPLE_SLOW : SAMPLE_MAX;
	size_t step = caches->count / most + 1;

	TRY(encoding_learn(heap, caches));
	for (size_t i = 0; i < caches->count; i += step) {
		TRY(target_check_interrupt(kernel_target(heap->kernel)));
		if (caches->items[i].usable)
			TRY(layout_check_slabs(heap, &caches->items[i], votes));
	}
	return NULL;
}

/* Every struct kmem_cache is an object of the cache of caches. */
static struct dill_error *vote_objects(struct heap *heap, const struct cache_list *caches,
				       struct layout_votes *votes)
{
	const struct cache *owner = NULL;

	for (size_t i = 0; i < caches->count && !owner; i++)
		if (!strcmp(caches->items[i].name, "kmem_cache"))
			owner = &caches->items[i];
	for (size_t i = 0; owner && i < caches->count && i < SAMPLE_SLOW; i++) {
		enum object_claim claim;

		TRY(object_check(heap, owner, caches->items[i].address, &claim));
		layout_vote(votes, RULE_LIST, claim == CLAIM_TRUE,
			    "in a cache at 0x%" PRIx64 ", where no object of kmem_cache is",
			    caches->items[i].address);
	}
	return NULL;
}

static bool slabs_are_known(const struct layout_votes *votes)
{
	for (unsigned rule = RULE_SLAB_LIST; rule <= RULE_OBJECTS; rule++)
		if (layout_vote_fails(votes, (enum layout_rule)rule))
			return false;
	return !layout_vote_fails(votes, RULE_SIZE) && !layout_vote_fails(votes, RULE_OO);
}

static struct dill_error *vote(struct heap *heap, struct arena *arena, struct layout_votes *votes)
{
	struct findings scratch = {.arena = arena};
	struct cache_list caches;

	TRY(caches_read(heap, arena, &scratch, &caches));
	for (size_t i = 0; i < caches.count; i++)
		vote_name(&heap->layout, &caches.items[i], votes);
	if (!caches.count)
		layout_vote(votes, RULE_LIST, false, "a list without caches");
	if (layout_vote_fails(votes, RULE_NAME)) /* where caches are is not known */
		return NULL;
	TRY(vote_caches(heap, &caches, votes));
	TRY(vote_slabs(heap, &caches, votes));
	return slabs_are_known(votes) ? vote_objects(heap, &caches, votes) : NULL;
}

struct dill_error *layout_check(struct heap *heap, unsigned *ret_members)
{
	_cleanup_(arena_freep)
	struct arena *arena = NULL;
	_cleanup_(freep)
	struct layout_votes *votes = calloc(1, sizeof(*votes));

	if (!votes)
		return error_no_memory();
	if (heap->layout.cache_struct_size > CACHE_BYTES_MAX ||
	    cache_bytes(heap, kernel_node_limit(heap->kernel)) > CACHE_BYTES_MAX)
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
				      "%s does not describe the kernel that runs: its struct "
				      "kmem_cache has %llu bytes",
				      kernel_types_file(heap->kernel),
				      (unsigned long long)heap->layout.cache_struct_size);
	TRY(arena_new(&arena));
	TRY(vote(heap, arena, votes));
	return layout_votes_judge(heap, votes, ret_members);
}
