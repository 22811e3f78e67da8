/* SPDX-License-Identifier: MIT */
#include "slub/selfcheck.h"

#include <stdio.h>
#include <string.h>

#include "base/strbuf.h"
#include "slub/claim.h"
#include "slub/encoding.h"
#include "solve/kmalloc_name.h"

/* Caches and slabs that are tried; what is wrong with the model is wrong with all of them. */
#define SAMPLE_MAX 48
/* Where each byte of the target costs. */
#define SAMPLE_SLOW 4

const char *self_check_result_name(enum self_check_result result)
{
	static const char *const names[] = {"passed", "failed", "impossible"};

	return names[result];
}

/* How many of a sample fit. */
struct tally {
	unsigned good, all;
};

static struct dill_error *conclude(struct self_check *check, const char *name, struct tally tally,
				   struct arena *arena, const char *what)
{
	check->name = name;
	check->result = !tally.all		     ? SELF_CHECK_IMPOSSIBLE
			: 2 * tally.good > tally.all ? SELF_CHECK_PASSED
						     : SELF_CHECK_FAILED;
	check->text = arena_format(arena, "%u of %u %s", tally.good, tally.all, what);
	return check->text ? NULL : error_no_memory();
}

static const struct cache *named(const struct cache_list *caches, const char *name)
{
	for (size_t i = 0; i < caches->count; i++)
		if (!strcmp(caches->items[i].name, name))
			return &caches->items[i];
	return NULL;
}

static struct tally usable(const struct cache_list *caches)
{
	struct tally tally = {.all = (unsigned)caches->count};

	for (size_t i = 0; i < caches->count; i++)
		tally.good += caches->items[i].usable;
	if (!tally.all) /* a list without a cache is no list of caches */
		tally.all = 1;
	return tally;
}

/*
 * The kernel makes its first two caches for its own structs; of struct kmem_cache only as much as
 * there are nodes. A struct that somebody compiled by hand may end early.
 * Source: mm/slub.c kmem_cache_init()
 */
static struct tally own_sizes(const struct heap *heap, const struct cache_list *caches)
{
	const struct cache *cache = named(caches, "kmem_cache");
	const struct cache *node = named(caches, "kmem_cache_node");
	bool may_end_early = kernel_types_file(heap->kernel);
	struct tally tally = {0};

	if (cache) {
		uint64_t size = cache_bytes(heap, cache->node_limit);

		tally.all++;
		tally.good +=
			may_end_early ? cache->object_size >= size : cache->object_size == size;
	}
	if (node) {
		uint64_t size = heap->layout.node_struct_size;

		tally.all++;
		tally.good += may_end_early ? node->object_size >= size : node->object_size == size;
	}
	return tally;
}

static struct tally kmalloc_sizes(const struct cache_list *caches)
{
	struct tally tally = {0};

	for (size_t i = 0; i < caches->count; i++) {
		uint64_t bytes = kmalloc_name_bytes(caches->items[i].name);

		if (!bytes)
			continue;
		tally.all++;
		tally.good += caches->items[i].object_size == bytes;
	}
	return tally;
}

/* Every struct kmem_cache is itself an object: of a slab of the cache of caches. */
static struct dill_error *caches_as_objects(struct heap *heap, const struct cache_list *caches,
					    struct tally *ret)
{
	const struct cache *owner = named(caches, "kmem_cache");
	unsigned most = target_is_slow(kernel_target(heap->kernel)) ? SAMPLE_SLOW : SAMPLE_MAX;

	*ret = (struct tally){0};
	for (size_t i = 0; owner && i < caches->count && ret->all < most; i++) {
		enum object_claim claim;

		TRY(object_check(heap, owner, caches->items[i].address, &claim));
		ret->all++;
		ret->good += claim == CLAIM_TRUE;
	}
	return NULL;
}

static struct dill_error *slabs_and_pointers(struct heap *heap, const struct cache_list *caches,
					     struct tally *ret_slabs, struct tally *ret_pointers)
{
	struct encoding_tally tally;

	TRY(encoding_try(heap, caches, &tally));
	*ret_slabs = (struct tally){tally.slabs_good, tally.slabs};
	*ret_pointers = (struct tally){tally.pointers_good, tally.pointers};
	return NULL;
}

struct dill_error *self_check(struct heap *heap, const struct cache_list *caches,
			      struct arena *arena, struct self_check ret[static SELF_CHECKS])
{
	struct tally objects, slabs, pointers;

	TRY(caches_as_objects(heap, caches, &objects));
	TRY(slabs_and_pointers(heap, caches, &slabs, &pointers));
	TRY(conclude(&ret[0], "cache_list", usable(caches), arena,
		     "caches on the list of caches have sizes that fit together"));
	TRY(conclude(&ret[1], "own_sizes", own_sizes(heap, caches), arena,
		     "caches of the allocator's own structs have the size of their type"));
	TRY(conclude(&ret[2], "kmalloc_sizes", kmalloc_sizes(caches), arena,
		     "kmalloc caches serve the bytes that their name says"));
	TRY(conclude(&ret[3], "caches_in_slabs", objects, arena,
		     "caches are objects in slabs of the cache of caches"));
	TRY(conclude(&ret[4], "slabs_point_back", slabs, arena,
		     "sampled slabs point back to their cache"));
	return conclude(&ret[5], "free_pointers", pointers, arena,
			"decoded free pointers lead into their slab");
}

struct dill_error *self_check_require(struct heap *heap, const struct cache_list *caches)
{
	_cleanup_(arena_freep)
	struct arena *arena = NULL;
	_cleanup_(strbuf_deinitp)
	struct strbuf text = {0};
	struct self_check checks[SELF_CHECKS];

	if (heap->checked)
		return NULL;
	TRY(arena_new(&arena));
	TRY(self_check(heap, caches, arena, checks));
	for (size_t i = 0; i < SELF_CHECKS; i++)
		if (checks[i].result == SELF_CHECK_FAILED)
			strbuf_append_format(&text, "%s%s", text.length ? "; " : "",
					     checks[i].text);
	TRY(strbuf_error(&text));
	if (text.length)
		return dill_error_new(DILL_ERROR_UNSUPPORTED,
				      "dill does not understand this kernel's slab heap: only %s "
				      "(\"info\" tells more)",
				      strbuf_get(&text));
	heap->checked = true;
	return NULL;
}
