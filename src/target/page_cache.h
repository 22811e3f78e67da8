/* SPDX-License-Identifier: MIT */
#ifndef TARGET_PAGE_CACHE_H
#define TARGET_PAGE_CACHE_H

#include <dill/target.h>

#include "base/error.h"

/**
 * Pages by (space, address), bounded: when it is full the page that came first makes room. Knows
 * nothing of targets; target/memory.c fills it.
 */
struct page_cache;

/** What is known of a page. */
enum page_state {
	PAGE_WANTED,	 /**< has its place, but was not read yet */
	PAGE_READABLE,	 /**< its bytes are here */
	PAGE_UNREADABLE, /**< the target said no; asking again is of no use */
};

/** One cached page; borrowed from the cache, valid until the next add or clear. */
struct cached_page {
	uint64_t key;	/* address and space in one word */
	uint32_t older; /* next in the hash chain, 1-based, 0 = end */
	enum page_state state;
	uint64_t known; /**< while WANTED: bits of the 64 byte lines that are here already */
	uint8_t *data;	/**< DILL_PAGE_SIZE bytes */
};

/**
 * @param capacity  in pages, at least 1; memory is taken as the cache grows
 * @return NULL or NO_MEMORY
 */
DILL_MUST_CHECK struct dill_error *page_cache_new(uint32_t capacity, struct page_cache **ret);
/** Free the cache; NULL is allowed. */
void page_cache_free(struct page_cache *cache);
DEFINE_CLEANUP(struct page_cache *, page_cache_free)

/** How many pages the cache knows. */
uint32_t page_cache_count(const struct page_cache *cache);
/** Page number @p index, below page_cache_count(), in no order. */
const struct cached_page *page_cache_item(const struct page_cache *cache, uint32_t index);

/** Forget all pages; their memory is kept for the next ones. */
void page_cache_clear(struct page_cache *cache);

/** The page at @p page (a multiple of DILL_PAGE_SIZE), NULL when nothing is known of it. */
struct cached_page *page_cache_find(const struct page_cache *cache, enum dill_space space,
				    uint64_t page);

/**
 * Give a page that page_cache_find() does not know a place, in state PAGE_WANTED. The oldest page
 * is dropped when the cache is full, so no more than the capacity may be wanted at a time.
 */
DILL_MUST_CHECK struct dill_error *page_cache_add(struct page_cache *cache, enum dill_space space,
						  uint64_t page, struct cached_page **ret);

#endif
