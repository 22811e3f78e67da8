/* SPDX-License-Identifier: MIT */
#include "slub/locate.h"

#include "slub/gone_cache.h"

const char *object_claim_text(enum object_claim claim)
{
	switch (claim) {
	case CLAIM_TRUE:
		return "is an object of the cache";
	case CLAIM_OUTSIDE:
		return "is not in the direct map of memory";
	case CLAIM_NO_SLAB:
		return "is in no slab";
	case CLAIM_OTHER_CACHE:
		return "is in a slab of another cache";
	case CLAIM_MISALIGNED:
		return "is not the start of an object";
	case CLAIM_UNREADABLE:
		return "cannot be checked: its struct page is not readable";
	}
	return "";
}

const struct cache *cache_at(const struct cache_list *caches, dill_virt address)
{
	for (size_t i = 0; i < caches->count; i++)
		if (caches->items[i].address == address)
			return &caches->items[i];
	return NULL;
}

/* Head page of the compound page that @p address lies in; *ret 0 when it is not in the direct map.
 */
static struct dill_error *head_of(struct heap *heap, dill_virt address, dill_virt *ret)
{
	struct dill_error *error;
	dill_virt page;

	*ret = 0;
	error = kernel_virt_to_page(heap->kernel, address, &page);
	if (error && dill_error_code(error) == DILL_ERROR_INVALID_ARGUMENT) {
		dill_error_free(error);
		return NULL;
	}
	if (error)
		return error;
	return kernel_page_head(heap->kernel, page, ret);
}

struct dill_error *slab_owner(struct heap *heap, dill_virt address, dill_virt *ret)
{
	struct slab slab;
	dill_virt head;
	bool marked;

	*ret = 0;
	TRY(head_of(heap, address, &head));
	if (!head)
		return NULL;
	TRY(slab_peek(heap, head, &slab, &marked, ret));
	if (!marked)
		*ret = 0;
	return NULL;
}

static struct dill_error *check(struct heap *heap, const struct cache *cache, dill_virt object,
				enum object_claim *ret)
{
	dill_virt head;
	struct slab slab;
	dill_virt owner;
	bool marked;
	uint32_t index;

	*ret = CLAIM_OUTSIDE;
	TRY(head_of(heap, object, &head));
	if (!head)
		return NULL;
	TRY(slab_peek(heap, head, &slab, &marked, &owner));
	if (!marked)
		*ret = CLAIM_NO_SLAB;
	else if (owner != cache->address)
		*ret = CLAIM_OTHER_CACHE;
	else if (!heap_is_kfence(heap, object) && /* whose objects lie anywhere in their page */
		 !slab_object_index(cache, &slab, object, &index))
		*ret = CLAIM_MISALIGNED;
	else
		*ret = CLAIM_TRUE;
	return NULL;
}

struct dill_error *object_check(struct heap *heap, const struct cache *cache, dill_virt object,
				enum object_claim *ret)
{
	struct dill_error *error = check(heap, cache, object, ret);

	if (!error || error_is_fatal(error))
		return error;
	dill_error_free(error);
	*ret = CLAIM_UNREADABLE;
	return NULL;
}

/* Which slot of the slab an address is in: its object, padding and red zones included. */
static void find_slot(dill_virt address, struct located *located)
{
	const struct cache *cache = located->cache;
	uint64_t distance = address - located->slab.base;

	if (distance / cache->size >= located->slab.objects)
		return;
	located->in_slot = true;
	located->index = (uint32_t)(distance / cache->size);
	located->object = cache_object(cache, located->slab.base, located->index);
	located->offset = (int64_t)(address - located->object);
}

struct dill_error *heap_locate(struct heap *heap, struct cache_list *caches, dill_virt address,
			       struct findings *findings, struct located *ret)
{
	struct finding_place place = {.cpu = -1, .node = -1};
	struct cache *gone;
	dill_virt head;
	bool marked;

	*ret = (struct located){.kfence = heap_is_kfence(heap, address)};
	if (ret->kfence)
		return NULL;
	TRY(head_of(heap, address, &head));
	if (!head)
		return NULL;
	TRY(slab_peek(heap, head, &ret->slab, &marked, &ret->cache_address));
	if (!marked)
		return NULL;
	ret->in_slab = true;
	ret->cache = cache_at(caches, ret->cache_address);
	if (!ret->cache) {
		TRY(gone_cache_find(heap, caches, ret->cache_address, &gone));
		ret->cache = gone;
	}
	if (!ret->cache)
		return NULL;
	place.cache = ret->cache->name;
	TRY(slab_read(heap, ret->cache, head, NULL, &place, findings, &ret->slab));
	if (ret->slab.usable)
		find_slot(address, ret);
	return NULL;
}
