/* SPDX-License-Identifier: MIT */
#ifndef SLUB_SLAB_H
#define SLUB_SLAB_H

#include "slub/reading.h"

/** One slab: a run of pages cut into objects of one cache, described by its head page. */
struct slab {
	dill_virt address;  /**< of the descriptor: struct slab, or struct page before 5.17 */
	dill_virt base;	    /**< of its memory in the direct map; 0 when the descriptor is none */
	dill_virt freelist; /**< first object of the slab's own freelist; 0 = empty */
	uint32_t objects;   /**< in this slab; fewer than usual when memory was fragmented */
	uint32_t inuse;	    /**< not on the slab's own freelist: live, or free in another place */
	bool frozen;	    /**< belongs to a CPU; what exactly that means changed in 6.8 */
	bool reserved;	    /**< of the emergency reserves: serves only PF_MEMALLOC and the like */
	bool has_node;	    /**< it is known on which node its memory is; always with types */
	unsigned node;	    /**< 0 when it is not */
	/** what the kernel keeps per object (memcg, allocation tags); 0 = nothing */
	dill_virt exts;
	dill_virt next;		/**< next slab of a CPU's partial list */
	uint32_t partial_count; /**< at the head of a CPU's partial list: its length, slabs or pages
				 */
	bool usable; /**< marked as a slab, of the expected cache, with possible counters */
};

/** The pointer that led to a slab. */
struct slab_pointer {
	dill_virt slot;	    /**< its address */
	bool sure;	    /**< it is right, as something else leads there, too */
	dill_virt expected; /**< descriptor that it should lead to; 0 = not known */
};

/**
 * Read and check the slab whose descriptor is at @p address, expected to belong to the cache.
 *
 * What does not fit becomes findings: at the pointer, when that is what is wrong, else in the
 * descriptor. `usable` is false then: its objects must not be walked.
 * @param from  NULL when no pointer led there
 * @return NULL; fatal errors
 */
DILL_MUST_CHECK struct dill_error *slab_read(const struct reading *reading, dill_virt address,
					     const struct slab_pointer *from, struct slab *ret);

/**
 * The same without a cache to compare with, and without findings.
 * @param ret         `usable` stays false: nothing is checked against a cache
 * @param ret_marked  whether the page is the head of a slab; else the others mean nothing
 * @param ret_owner   address of the cache it names
 * @return NULL; BAD_DATA when @p address is no struct page; FAULT when it cannot be read
 */
DILL_MUST_CHECK struct dill_error *slab_peek(struct heap *heap, dill_virt address, struct slab *ret,
					     bool *ret_marked, dill_virt *ret_owner);

/**
 * A slab from a copy of its descriptor, as slab_peek(). For scans over many descriptors.
 * @param bytes  at least the struct page, zeros behind it
 */
void slab_parse(struct heap *heap, dill_virt address, struct span bytes, struct slab *ret,
		bool *ret_marked, dill_virt *ret_owner);
/** Check a parsed slab of the cache: impossible counters become findings; sets `usable`. */
void slab_check(const struct reading *reading, struct slab *slab);

/** True when a parsed slab's counters are possible for its cache. */
bool slab_counters_fit(const struct cache *cache, const struct slab *slab);

/** True when the struct page or struct slab in @p bytes is marked as the head of a slab. */
bool slab_is_marked(const struct heap *heap, struct span bytes);

/** Index of the object that starts at @p object; false when none of the slab's objects does. */
bool slab_object_index(const struct cache *cache, const struct slab *slab, dill_virt object,
		       uint32_t *ret);

/** A slab has pages of its cache's usual order, or of the least one when memory was fragmented. */
static inline uint32_t slab_page_order(const struct cache *cache, const struct slab *slab)
{
	return slab->objects == cache->objects_per_slab ? cache->order : cache->min_order;
}

/** Bytes of a slab's memory. */
static inline uint64_t slab_bytes(const struct cache *cache, const struct slab *slab)
{
	return cache_order_bytes(cache, slab_page_order(cache, slab));
}

/** Fetch the memory of @p count slabs in few requests; nothing where it can be looked at in place.
 */
DILL_MUST_CHECK struct dill_error *slabs_prefetch(struct heap *heap, const struct cache *cache,
						  const struct slab *const *slabs, size_t count);

/**
 * Head page of the compound page that @p address lies in.
 * @param ret  0 when it is not in the direct map
 * @return NULL; UNSUPPORTED, FAULT when its struct page cannot be read; fatal errors
 */
DILL_MUST_CHECK struct dill_error *slab_head(struct heap *heap, dill_virt address, dill_virt *ret);

#endif
