/* SPDX-License-Identifier: MIT */
#ifndef SLUB_TRACKS_H
#define SLUB_TRACKS_H

#include "slub/slab.h"
#include "slub/track.h"

/** Where the metadata behind an object lies, as offsets from the object; 0 = this cache has none.
 *
 * Source: mm/slub.c calculate_sizes(), get_info_end(), get_track(), get_orig_size()
 */
struct object_metadata {
	uint32_t tracks;    /**< two struct track: allocation, then free (STORE_USER) */
	uint32_t orig_size; /**< requested size (kmalloc caches with STORE_USER, since 6.1) */
	uint32_t end;	    /**< never 0: behind all of it, unless that is unknown */
	bool unknown;	    /**< a kernel without types: how much there is could not be found */
};

/** What a cache of this kernel keeps behind its objects. */
void object_metadata_get(const struct heap *heap, const struct cache *cache,
			 struct object_metadata *ret);

/**
 * Read the two tracks of an object: those of slub_debug=U, else KASAN's; both unknown when the
 * kernel records neither. Whoever takes an object out of KASAN's quarantine is no user: where KASAN
 * knows who freed it, that counts.
 * @return NULL; fatal errors. What cannot be read or makes no sense becomes a finding.
 */
DILL_MUST_CHECK struct dill_error *tracks_read(const struct reading *reading, dill_virt object,
					       struct track *ret_alloc, struct track *ret_free);

/**
 * A number that tells the stack of a struct track from others: its handle in the stack depot, or a
 * hash of what the record itself holds.
 * @return 0 when no stack was recorded
 */
uint64_t track_stack_key(const struct heap *heap, struct span track);

/**
 * The stack of a struct track, innermost first; empty when none was recorded.
 * @param arena  holds the addresses
 * @return NULL; as depot_fetch()
 */
DILL_MUST_CHECK struct dill_error *track_stack_read(struct heap *heap, struct span track,
						    struct arena *arena, const dill_virt **ret,
						    size_t *ret_count);

/** Whether this kernel's tracks have stacks at all. */
bool tracks_have_stacks(const struct heap *heap);

/** Read the size that the caller of kmalloc() asked for; *ret_known false when it is not recorded.
 */
DILL_MUST_CHECK struct dill_error *requested_size_read(struct heap *heap, const struct cache *cache,
						       dill_virt object, uint32_t *ret,
						       bool *ret_known);

#endif
