/* SPDX-License-Identifier: MIT */
#ifndef SLUB_FINDING_H
#define SLUB_FINDING_H

#include "base/arena.h"
#include "base/error.h"

/** What can be wrong in a heap. */
enum finding_kind {
	FINDING_FREELIST_CYCLE,	     /**< an object comes twice on one freelist */
	FINDING_FREELIST_OUTSIDE,    /**< a free pointer leads out of its slab */
	FINDING_FREELIST_MISALIGNED, /**< a free pointer leads between two objects */
	FINDING_FREELIST_COUNT,	     /**< a freelist's length disagrees with the slab's counters */
	FINDING_SLAB_COUNTERS,	     /**< a slab's counters are impossible */
	FINDING_SLAB_MARK,	     /**< a page on a slab list is not marked as a slab */
	FINDING_SLAB_CACHE,	     /**< a slab on a cache's list belongs to another cache */
	FINDING_SLAB_STATE,	     /**< a slab is frozen where it must not be, or the reverse */
	FINDING_LIST_BROKEN,	     /**< a list's links contradict each other */
	FINDING_LIST_CYCLE,
	FINDING_LIST_COUNT,   /**< a list's length disagrees with its counter */
	FINDING_POINTER,      /**< a pointer leads nowhere it could */
	FINDING_UNREADABLE,   /**< memory that the answer needs could not be read */
	FINDING_CACHE,	      /**< a cache's own fields are impossible */
	FINDING_SHEAF,	      /**< a sheaf's own fields are impossible */
	FINDING_SHEAF_OBJECT, /**< an entry of a sheaf is no object of the sheaf's cache */
	FINDING_OBJECT_TWICE, /**< an object is free in two places: double free, crossing lists */
	FINDING_SLAB_TOTAL,   /**< slabs found by their pages and the kernel's count disagree */
	FINDING_WAITING,      /**< a list of freed objects that wait is broken */
	FINDING_SYSFS,	      /**< the folder of caches in sysfs is broken */
	FINDING_TRACK,	      /**< the record of an object's user is impossible */
};

/** Stable name of a kind, as in JSON: "freelist_cycle". */
const char *finding_kind_name(enum finding_kind kind);

/** Where a finding is: what is unknown stays 0 or -1. */
struct finding_place {
	const char *cache; /**< escaped name; NULL when not about one */
	int cpu, node;	   /**< -1 = not about one */
	uint64_t slab;	   /**< address of the slab's descriptor */
};

/**
 * Something broken in the target. The walk went on behind it.
 */
struct finding {
	enum finding_kind kind;
	struct finding_place place;
	uint64_t address; /**< where the wrong value was read */
	bool has_values;  /**< expected and seen are given */
	uint64_t expected;
	uint64_t seen;
	const char *text; /**< one sentence */
	struct finding *next;
};

/** Findings of one command; past `limit` they are only counted. */
struct findings {
	struct arena *arena;
	struct finding *first, *last;
	size_t count; /**< all, also those not kept */
	size_t kept;
};

#define FINDINGS_LIMIT 1000

/** Add a finding with its sentence; a finding that does not fit any more is counted. */
void findings_add(struct findings *findings, enum finding_kind kind,
		  const struct finding_place *place, uint64_t address, const char *format, ...)
	DILL_PRINTF(5, 6);
/** The same with the two values that disagree. */
void findings_add_values(struct findings *findings, enum finding_kind kind,
			 const struct finding_place *place, uint64_t address, uint64_t expected,
			 uint64_t seen, const char *format, ...) DILL_PRINTF(7, 8);

/**
 * Turn a read error into a finding, so that a walk can go on.
 * @param error  taken over
 * @return NULL; the error itself when it is fatal (interrupted, target lost, no memory)
 */
DILL_MUST_CHECK struct dill_error *findings_absorb(struct findings *findings,
						   const struct finding_place *place,
						   struct dill_error *error);

#endif
