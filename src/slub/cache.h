/* SPDX-License-Identifier: MIT */
#ifndef SLUB_CACHE_H
#define SLUB_CACHE_H

#include "slub/heap.h"

/** Whether a cache is on the kernel's list of caches, and why not. */
enum cache_standing {
	CACHE_LISTED,
	CACHE_UNLISTED,	 /**< linked to others, but not found from the list's head */
	CACHE_DESTROYED, /**< kmem_cache_destroy() has taken it off, and left slabs behind */
	CACHE_FREED,	 /**< the same, and its struct kmem_cache was freed: what is left of that */
};

/** "destroyed", ...: stable, as in JSON; NULL for CACHE_LISTED. */
const char *cache_standing_name(enum cache_standing standing);

/** One cache (struct kmem_cache), read and checked. Sizes in bytes. */
struct cache {
	dill_virt address;
	const char *name; /**< escaped for display; the target's bytes otherwise; with "(destroyed)
			     " or the like in front where it is not on the list */
	enum cache_standing standing;
	uint64_t flags;
	uint32_t object_size; /**< what callers get */
	uint32_t size;	      /**< distance of two objects */
	uint32_t inuse;	      /**< offset of the metadata behind the object */
	uint32_t offset;      /**< of the free pointer from the object's start */
	uint32_t align;
	uint32_t red_left_pad; /**< red zone in front of each object */
	uint32_t page_size;    /**< of the kernel */
	uint32_t order;	       /**< pages of a slab, as a power of two */
	uint32_t objects_per_slab;
	uint32_t min_order;	       /**< of the fallback when memory is fragmented */
	uint32_t min_objects_per_slab; /**< 0 = not known */
	int32_t refcount; /**< users; more than 1 after merging; negative for boot caches */
	dill_virt ctor;
	uint64_t random; /**< hardening key */
	uint32_t useroffset, usersize;
	uint64_t min_partial;
	uint32_t cpu_partial;	    /**< limit of a CPU's partial list, in objects */
	uint32_t cpu_partial_slabs; /**< the same in slabs */
	dill_virt cpu_slab;	    /**< __percpu; 0 without */
	dill_virt cpu_sheaves;	    /**< __percpu; 0 without */
	uint32_t sheaf_capacity;
	uint32_t node_limit;	/**< elements of nodes and barns */
	const dill_virt *nodes; /**< kmem_cache_node by node number; 0 = none */
	const dill_virt *barns; /**< node_barn by node number; 0 = none */
	uint32_t kasan_alloc;	/**< offset of KASAN's record of the allocation; 0 = none */
	uint32_t kasan_free;	/**< of that of the free, valid while the object is freed */
	bool usable;		/**< sizes make sense: its slabs can be looked at */
};

/** Bytes of 2^@p order pages. */
static inline uint64_t cache_order_bytes(const struct cache *cache, uint32_t order)
{
	return (uint64_t)cache->page_size << order;
}

/** All caches: those of the kernel's list, then those that gone_cache_find() has added. */
struct cache_list {
	struct cache *items; /**< room for CACHES_GONE_MAX more: they never move */
	size_t count;
	size_t listed;	     /**< of these, how many caches_read() has found */
	struct arena *arena; /**< that holds them */
	dill_virt no_cache;  /**< where gone_cache_find() has found none the last time */
	bool is_part;	     /**< there may be more: caches_read_named() */
};

/** Caches off the list that are shown. */
#define CACHES_GONE_MAX 64u

/**
 * Read every cache, in the order of the kernel's list (newest first, as in /proc/slabinfo). What is
 * broken becomes a finding; a cache with impossible sizes is in the list with `usable` false.
 * @param arena  holds the result
 * @return NULL; fatal errors
 */
DILL_MUST_CHECK struct dill_error *caches_read(struct heap *heap, struct arena *arena,
					       struct findings *findings, struct cache_list *ret);

/**
 * Read the caches that an answer about the cache @p name needs: where every byte of the target
 * costs that one, the allocator's own and a few others; elsewhere, and when none has the name or
 * the list is broken, all of them.
 */
DILL_MUST_CHECK struct dill_error *caches_read_named(struct heap *heap, const char *name,
						     struct arena *arena, struct findings *findings,
						     struct cache_list *ret);

/**
 * Read one cache; what is broken becomes a finding.
 * @param cache  with its address and the limit of nodes; filled
 * @return NULL; fatal errors
 */
DILL_MUST_CHECK struct dill_error *cache_read(struct heap *heap, struct arena *arena,
					      struct findings *findings, struct cache *cache);

/** The name as the kernel has it, without what says that it is not on the list. */
const char *cache_kernel_name(const struct cache *cache);

/**
 * Bytes of a struct kmem_cache that exist: its last member is the array of nodes, of which only
 * nr_node_ids elements are allocated (mm/slub.c kmem_cache_init()).
 */
size_t cache_bytes(const struct heap *heap, unsigned node_limit);

/** Objects of a slab that has @p objects of this cache can be at these offsets only: slot @p index.
 */
static inline dill_virt cache_object(const struct cache *cache, dill_virt slab_base, uint32_t index)
{
	return slab_base + (uint64_t)index * cache->size + cache->red_left_pad;
}

/** Address of a cache's pointer to the struct kmem_cache_node of a node. */
dill_virt cache_node_slot(const struct heap *heap, const struct cache *cache, unsigned node);
/** The same of its pointer to a node's barn; since 7.1. */
dill_virt cache_barn_slot(const struct heap *heap, const struct cache *cache, unsigned node);

/** True for a cache whose debug options make it work on slab freelists alone (mm/slab.h
 * SLAB_DEBUG_FLAGS). */
bool cache_is_debug(const struct heap *heap, const struct cache *cache);

/** Names of the flags that are set, in bit order, then one hexadecimal word for the bits without a
 * name. */
DILL_MUST_CHECK struct dill_error *cache_flag_names(const struct heap *heap,
						    const struct cache *cache, struct arena *arena,
						    const char *const **ret, size_t *ret_count);

/** The cache at @p address; NULL when no such cache is in the list. */
const struct cache *cache_at(const struct cache_list *caches, dill_virt address);

#endif
