/* SPDX-License-Identifier: MIT */
#ifndef SLUB_ORIGIN_H
#define SLUB_ORIGIN_H

#include "slub/tracks.h"

/** What kind of place an object's allocation is known by. */
enum origin_kind {
	ORIGIN_NONE,   /**< not recorded */
	ORIGIN_CALLER, /**< a return address (slub_debug=U, KASAN) */
	ORIGIN_TAG,    /**< a struct codetag, see alloc_tag_describe() (MEM_ALLOC_PROFILING) */
};

/** Where an object comes from, as far as the kernel has recorded it. */
struct origin {
	enum origin_kind kind;
	dill_virt address;
	bool has_pid; /**< of slub_debug=U or KASAN */
	int pid;
	uint32_t depot_stack; /**< of KASAN: its handle in the stack depot; else 0 */
	bool has_track;	      /**< the next three, of slub_debug=U */
	unsigned cpu;
	uint64_t when;	   /**< jiffies */
	struct span track; /**< the struct track itself, in the copy of the slab */
	bool has_requested;
	uint32_t requested; /**< bytes that the caller of kmalloc() asked for */
};

/**
 * Reads the origins of one cache's objects without a read of the target for each: from copies of
 * slabs.
 */
struct origin_reader {
	struct heap *heap;
	const struct cache *cache;
	struct object_metadata metadata;
	bool has_kasan; /**< KASAN's record is all there is */
	bool has_tags;
};

void origin_reader_init(struct heap *heap, const struct cache *cache, struct origin_reader *ret);

/** Whether the kernel records anything about this cache's objects, and whether the slabs' memory
 * is needed to know it. */
static inline bool origin_is_recorded(const struct origin_reader *reader)
{
	return reader->metadata.tracks || reader->has_kasan || reader->has_tags;
}

static inline bool origin_needs_bytes(const struct origin_reader *reader)
{
	return reader->metadata.tracks || reader->metadata.orig_size || reader->has_kasan;
}

/**
 * @param bytes  memory of @p slab; what is not in it is not known
 * @return NULL; fatal errors
 */
DILL_MUST_CHECK struct dill_error *origin_read(const struct origin_reader *reader,
					       const struct slab *slab, struct span bytes,
					       uint32_t index, struct origin *ret);

#endif
