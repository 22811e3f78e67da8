/* SPDX-License-Identifier: MIT */
#include "target/page_cache.h"

#include <stdlib.h>

/* Pages are allocated in runs: few calls, and little memory for a short command. */
#define PAGES_PER_CHUNK 64u

struct page_cache {
	struct cached_page *pages; /* a ring: slot n is reused capacity pages later */
	uint8_t **chunks;
	uint32_t *buckets; /* newest page of each hash chain, 1-based */
	uint32_t capacity, count, oldest, bucket_mask;
};

/* Pages are aligned, so that the space fits into the low bits. */
static uint64_t key_of(enum dill_space space, uint64_t page)
{
	return page | (uint64_t)space;
}

static uint32_t *bucket_of(const struct page_cache *cache, uint64_t key)
{
	/* Fibonacci hashing: neighbours spread, and the high half is well mixed. */
	return &cache->buckets[(key * 0x9e3779b97f4a7c15u >> 32) & cache->bucket_mask];
}

static uint32_t bucket_count(uint32_t capacity)
{
	uint32_t count = 1;

	while (count < capacity)
		count *= 2;
	return count;
}

struct dill_error *page_cache_new(uint32_t capacity, struct page_cache **ret)
{
	uint32_t chunks = (capacity + PAGES_PER_CHUNK - 1) / PAGES_PER_CHUNK;
	_cleanup_(page_cache_freep)
	struct page_cache *cache = calloc(1, sizeof(*cache));

	if (!cache)
		return error_no_memory();
	cache->capacity = capacity;
	cache->bucket_mask = bucket_count(capacity) - 1;
	cache->pages = calloc(capacity, sizeof(*cache->pages));
	cache->chunks = calloc(chunks, sizeof(*cache->chunks));
	cache->buckets = calloc((size_t)cache->bucket_mask + 1, sizeof(*cache->buckets));
	if (!cache->pages || !cache->chunks || !cache->buckets)
		return error_no_memory();
	*ret = steal(cache);
	return NULL;
}

void page_cache_free(struct page_cache *cache)
{
	if (!cache)
		return;
	for (uint32_t i = 0; cache->chunks && i < cache->capacity; i += PAGES_PER_CHUNK)
		free(cache->chunks[i / PAGES_PER_CHUNK]);
	free(cache->chunks);
	free(cache->pages);
	free(cache->buckets);
	free(cache);
}

uint32_t page_cache_count(const struct page_cache *cache)
{
	return cache->count;
}

const struct cached_page *page_cache_item(const struct page_cache *cache, uint32_t index)
{
	return &cache->pages[index];
}

void page_cache_clear(struct page_cache *cache)
{
	for (uint32_t i = 0; i <= cache->bucket_mask; i++)
		cache->buckets[i] = 0;
	cache->count = cache->oldest = 0;
}

struct cached_page *page_cache_find(const struct page_cache *cache, enum dill_space space,
				    uint64_t page)
{
	uint64_t key = key_of(space, page);

	for (uint32_t at = *bucket_of(cache, key); at; at = cache->pages[at - 1].older)
		if (cache->pages[at - 1].key == key)
			return &cache->pages[at - 1];
	return NULL;
}

static void unlink_slot(struct page_cache *cache, uint32_t slot)
{
	uint32_t *link = bucket_of(cache, cache->pages[slot].key);

	while (*link != slot + 1)
		link = &cache->pages[*link - 1].older;
	*link = cache->pages[slot].older;
}

#if __GNUC__ >= 10 && !defined(__clang__)
/* gcc's analyzer loses sight of what is stored under a computed index, and calls it a leak. */
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif

/* Memory of a slot; kept when the slot changes hands. */
static struct dill_error *slot_data(struct page_cache *cache, uint32_t slot, uint8_t **ret)
{
	uint8_t **chunk = &cache->chunks[slot / PAGES_PER_CHUNK];

	if (!*chunk)
		*chunk = malloc((size_t)PAGES_PER_CHUNK * DILL_PAGE_SIZE);
	if (!*chunk)
		return error_no_memory();
	*ret = *chunk + (size_t)(slot % PAGES_PER_CHUNK) * DILL_PAGE_SIZE;
	return NULL;
}

struct dill_error *page_cache_add(struct page_cache *cache, enum dill_space space, uint64_t page,
				  struct cached_page **ret)
{
	bool full = cache->count == cache->capacity;
	uint32_t slot = full ? cache->oldest : cache->count;
	uint64_t key = key_of(space, page);
	uint32_t *bucket = bucket_of(cache, key);
	uint8_t *data = NULL;

	TRY(slot_data(cache, slot, &data));
	if (full) {
		unlink_slot(cache, slot);
		cache->oldest = (slot + 1) % cache->capacity;
	} else {
		cache->count++;
	}
	cache->pages[slot] = (struct cached_page){
		.key = key, .older = *bucket, .state = PAGE_WANTED, .data = data};
	*bucket = slot + 1;
	*ret = &cache->pages[slot];
	return NULL;
}
