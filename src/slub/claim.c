/* SPDX-License-Identifier: MIT */
#include "slub/claim.h"

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

struct dill_error *slab_owner(struct heap *heap, dill_virt address, dill_virt *ret)
{
	struct slab slab;
	dill_virt head;
	bool marked;

	*ret = 0;
	TRY(slab_head(heap, address, &head));
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
	TRY(slab_head(heap, object, &head));
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
