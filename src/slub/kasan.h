/* SPDX-License-Identifier: MIT */
#ifndef SLUB_KASAN_H
#define SLUB_KASAN_H

#include "slub/slab.h"
#include "slub/track.h"

/*
 * What generic KASAN knows of objects: a byte of shadow for each 8 bytes of memory, and records of
 * who allocated and freed an object, behind it and in it.
 *
 * Source: mm/kasan/kasan.h, generic.c
 */

/** Bytes of memory that a byte of shadow is about. */
#define KASAN_GRANULE 8u

/** Values of a byte of shadow; below KASAN_GRANULE: how many bytes may be used, where 0 = all. */
enum {
	KASAN_FREE_TRACK =
		0xfa,	      /**< freed, and who did it is recorded; of an object's first byte */
	KASAN_FREE = 0xfb,    /**< freed */
	KASAN_REDZONE = 0xfc, /**< of a slab: around objects, and in those never handed out */
};

/**
 * Find out where the shadow is: its address is a constant in the code of KASAN's own functions. It
 * stays unknown where there is none, as with tags instead of a shadow.
 * @param caches  their shadow shows whether what was found is it
 * @return NULL; fatal errors
 */
DILL_MUST_CHECK struct dill_error *kasan_load(struct heap *heap, const struct cache_list *caches);

/** True when kasan_load() has found a shadow, and objects of @p cache have one. */
bool kasan_has_shadow(const struct heap *heap, const struct cache *cache);

/**
 * Read the shadow of memory.
 * @param address  multiple of KASAN_GRANULE
 * @param count    bytes of shadow
 * @return NULL; FAULT; fatal errors
 */
DILL_MUST_CHECK struct dill_error *kasan_shadow_read(struct heap *heap, dill_virt address,
						     size_t count, uint8_t *ret);

/** What the shadow says of an object. */
struct kasan_shadow {
	bool known;
	uint8_t first;	     /**< of the object's first bytes */
	bool accessible;     /**< it is allocated, says the shadow */
	uint32_t usable;     /**< bytes that may be used, from the object's start */
	const uint8_t *slot; /**< shadow of the object and of what is behind it in its slot */
	size_t slot_count;
};

/**
 * Read an object's shadow; not known on kernels and for caches without.
 * @param arena  holds the result
 * @return NULL; fatal errors
 */
DILL_MUST_CHECK struct dill_error *kasan_object_shadow(struct heap *heap, const struct cache *cache,
						       dill_virt object, struct arena *arena,
						       struct kasan_shadow *ret);

/**
 * Read who allocated and freed an object, as KASAN has recorded it; unknown where it has not. The
 * caller is the innermost function that is none of the allocator's.
 * @return NULL; fatal errors. What cannot be read or makes no sense becomes a finding.
 */
DILL_MUST_CHECK struct dill_error *kasan_tracks_read(const struct reading *reading,
						     dill_virt object, struct track *ret_alloc,
						     struct track *ret_free);

/** Whether KASAN records who allocates objects of @p cache. */
bool kasan_records_users(const struct heap *heap, const struct cache *cache);

/**
 * Who allocated an object, from a copy of it, for walks over many: a stack is looked up once.
 * @param object      memory from the object's start; what is not in it is not known
 * @param ret_caller  as of kasan_tracks_read(); 0 = not known
 * @param ret_stack   handle of the stack in the stack depot; 0 = not recorded
 * @return NULL; fatal errors
 */
DILL_MUST_CHECK struct dill_error *kasan_origin_read(struct heap *heap, const struct cache *cache,
						     struct span object, dill_virt *ret_caller,
						     int *ret_pid, bool *ret_has_pid,
						     uint32_t *ret_stack);

#endif
