/* SPDX-License-Identifier: MIT */
#ifndef SLUB_CHECK_H
#define SLUB_CHECK_H

#include "slub/cache_map.h"

/** What was looked at. */
struct check_counts {
	uint64_t slabs, objects;
	uint64_t byte_objects;	  /**< whose red zones, poison or padding were looked at */
	uint64_t shadow_objects;  /**< whose shadow was compared with the lists (KASAN) */
	uint64_t unknown_objects; /**< not among these: on no list, and a list is broken */
	uint64_t moving_slabs;	  /**< nor the objects of these: on their way between lists */
	uint64_t disabled_slabs;  /**< nor of these: the kernel has found them broken before, and
				     put them out of use */
	uint64_t unread_slabs;	  /**< nor of these: their memory could not be read */
};

/**
 * Check that the lists of a cache go together with what is on them: what reading them and
 * cache_map_make() do not look at.
 * @return nothing: everything is a finding
 */
void lists_check(const struct heap *heap, const struct contents *contents,
		 struct findings *findings);

/** What can be checked of the bytes around and in a cache's objects. */
struct byte_checks {
	bool red_zones;	   /**< in front of and behind each object (slub_debug=Z) */
	bool request_zone; /**< behind what the caller of kmalloc() asked for (since 6.2) */
	bool poison;	   /**< in free objects (slub_debug=P) */
	bool padding;	   /**< behind the metadata, and at the end of a slab (slub_debug=P) */
	bool unknown; /**< a kernel without types: there may be more, whose place is not known */
	bool kasan;   /**< KASAN has data of its own there: neither poison nor padding */
};
void byte_checks_get(const struct heap *heap, const struct cache *cache, struct byte_checks *ret);
static inline bool byte_checks_any(const struct byte_checks *checks)
{
	return checks->red_zones || checks->poison || checks->padding;
}

/**
 * Check the red zones, the poison and the padding of every object of a cache, as its flags say, and
 * the padding of its slabs.
 *
 * What belongs to an object is a finding with `object` and the bytes seen; of one zone the first
 * wrong bytes.
 * @param counts  added to
 * @return NULL; fatal errors
 *
 * Source: mm/slub.c check_object(), check_bytes_and_report(), check_pad_bytes(), slab_pad_check()
 */
DILL_MUST_CHECK struct dill_error *bytes_check(struct heap *heap, const struct contents *contents,
					       const struct cache_map *map,
					       struct findings *findings,
					       struct check_counts *counts);

/**
 * kasan_shadow.c: compare KASAN's shadow of every object's start with the list that the object is
 * on: what can be had from a freelist, or waits in the quarantine, must not be in use. The other
 * way round it is a remark, as an object may be on its way.
 *
 * Objects that a mempool keeps are freed to KASAN, and live.
 * @param counts  added to
 * @return NULL; fatal errors
 */
DILL_MUST_CHECK struct dill_error *shadow_check(struct heap *heap, const struct cache_map *map,
						struct findings *findings,
						struct check_counts *counts);
/** check_gone.c: a cache that is not on the kernel's list has no objects in use any more. */
void standing_check(const struct heap *heap, const struct cache_map *map,
		    struct findings *findings);
/** check_gone.c: every slab is one of a cache. */
void lost_slabs_check(const struct heap *heap, const struct slab_scan *scan,
		      struct findings *findings);

#endif
