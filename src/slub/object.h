/* SPDX-License-Identifier: MIT */
#ifndef SLUB_OBJECT_H
#define SLUB_OBJECT_H

#include "slub/ahead.h"
#include "slub/locate.h"
#include "slub/survey.h"

/**
 * Answers about single objects. What a cache holds is read once, however many of its objects are
 * asked about; the struct pages of memory are scanned only on kernels with sheaves, once, and only
 * when an object is on no list that can be found without.
 */
struct objects {
	struct survey *survey;
	struct arena *arena;
	struct read_cache *caches; /**< by index of survey->all; see object.c */
};

/** @param survey, arena  borrowed; must outlive the answers */
DILL_MUST_CHECK struct dill_error *objects_init(struct survey *survey, struct arena *arena,
						struct objects *ret);

/** What is known of one object of a slab. */
struct object_answer {
	struct mapped_slab slab; /**< the object's slab; no objects when that cannot be told */
	enum object_state state;
	struct place place;   /**< PLACE_NONE: on no list */
	struct place another; /**< a second place, which is one too many; else PLACE_NONE */
	const char *why;      /**< OBJECT_UNKNOWN: what could not be read; else NULL */
	bool in_motion; /**< a CPU was stopped inside the allocator: "live" may be between lists */
	struct ahead ahead; /**< for a free object */
};

/**
 * Find out about the object that heap_locate() has found.
 * @param located   in a slab, in a slot of it
 * @param findings  gets what is broken and concerns this answer, and nothing else
 * @return NULL; fatal errors
 */
DILL_MUST_CHECK struct dill_error *object_find(struct objects *objects,
					       const struct located *located,
					       struct findings *findings,
					       struct object_answer *ret);

/**
 * Start of the object that @p address lies in: of a slab's or of KFENCE's.
 * @param arena  for what is read on the way
 * @return NULL; NOT_FOUND when it lies in none; what reading the heap failed with
 */
DILL_MUST_CHECK struct dill_error *object_start(struct heap *heap, dill_virt address,
						struct arena *arena, dill_virt *ret);

/** The part of a slot that an address lies in. */
enum object_part {
	PART_OBJECT,	     /**< what callers may use */
	PART_LEFT_RED_ZONE,  /**< in front of the object */
	PART_RIGHT_RED_ZONE, /**< or padding: behind the object, in front of the metadata */
	PART_FREE_POINTER,   /**< the link of the freelist, behind the object */
	PART_METADATA,	     /**< tracks, requested size, filling */
};

/** "object", "left_red_zone", ...: stable, as in JSON. */
const char *object_part_name(enum object_part part);
enum object_part object_part(const struct cache *cache, int64_t offset);

#endif
