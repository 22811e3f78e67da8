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
	FINDING_CACHE_LEFT,   /**< a cache has left the list of caches, and its objects have not */
	FINDING_SHEAF,	      /**< a sheaf's own fields are impossible */
	FINDING_SHEAF_OBJECT, /**< an entry of a sheaf is no object of the sheaf's cache */
	FINDING_OBJECT_TWICE, /**< an object is free in two places: double free, crossing lists */
	FINDING_SLAB_TOTAL,   /**< slabs found by their pages and the kernel's count disagree */
	FINDING_WAITING,      /**< a list of freed objects that wait is broken */
	FINDING_SYSFS,	      /**< the folder of caches in sysfs is broken */
	FINDING_TRACK,	      /**< the record of an object's user is impossible */
	FINDING_RED_ZONE,     /**< bytes around an object were overwritten (slub_debug=Z) */
	FINDING_POISON,	      /**< a free object was written to (slub_debug=P) */
	FINDING_PADDING,      /**< bytes that nobody owns were overwritten (slub_debug=P) */
	FINDING_STATE, /**< an object's red zones or shadow say another state than the lists */
};

/** Stable name of a kind, as in JSON: "freelist_cycle". */
const char *finding_kind_name(enum finding_kind kind);

/** Where a finding is: what is unknown stays 0 or -1. */
struct finding_place {
	const char *cache; /**< escaped name; NULL when not about one */
	int cpu, node;	   /**< -1 = not about one */
	uint64_t slab;	   /**< address of the slab's descriptor */
	/**
	 * Why what is read here may be half changed, as a clause ("node 0's lists are locked"): a
	 * CPU was stopped at it. What is found in such a place becomes a remark instead of a
	 * finding. NULL = at rest.
	 */
	const char *moving;
};

/** Most bytes of an overwritten zone that a finding keeps. */
#define FINDING_BYTES_MAX 16u

/**
 * Something broken in the target. The walk went on behind it.
 */
struct finding {
	enum finding_kind kind;
	struct finding_place place;
	/**
	 * Of the word that is wrong, so that a watchpoint there catches who writes it; of an object
	 * that is free in two places its own.
	 */
	uint64_t address;
	bool has_expected, has_seen; /**< of these two values */
	uint64_t expected;
	uint64_t seen; /**< decoded, when the kernel does not store it as it is */
	bool has_stored;
	uint64_t stored; /**< the word at address, as memory has it */
	/** In how many bits the memory differs from what should be there, when that is 1 or 2, as
	 * faulty memory leaves it; else 0. */
	unsigned flipped_bits;
	uint64_t nearest; /**< value that fits with these bits put right; 0 = `expected` or several
			   */
	uint64_t object;  /**< the object it is about, as callers get it; 0 = about none */
	uint8_t seen_bytes[FINDING_BYTES_MAX]; /**< from address on; each should be `expected` */
	size_t seen_byte_count;
	const char *text; /**< one sentence */
	struct finding *next;
};

struct finding_list {
	struct finding *first, *last;
	size_t count; /**< all, also those not kept */
	size_t kept;
};

/** Findings of one command; past `limit` they are only counted. */
struct findings {
	struct arena *arena;
	struct finding *first, *last;
	size_t count; /**< all, also those not kept */
	size_t kept;
	struct finding_list remarks; /**< what would be a finding if its place were at rest */
	/** As finding_place.moving, for every place: the whole target runs. NULL = at rest. */
	const char *moving;
	/** Looking once more at what was told before, or at what nobody asked about: nothing is
	 * kept, only counted in `untold`. */
	bool muted;
	size_t untold;
};

#define FINDINGS_LIMIT 1000

/** Findings that nobody is told: whether there were any is all that is known of them. */
#define FINDINGS_MUTED ((struct findings){.muted = true})

/**
 * Add a finding with its sentence, or a remark when its place moves.
 * @return it, for further fields; NULL when it does not fit any more, which is counted all the
 * same, and where it is muted
 */
struct finding *findings_add(struct findings *findings, enum finding_kind kind,
			     const struct finding_place *place, uint64_t address,
			     const char *format, ...) DILL_PRINTF(5, 6);
/** The same with the two values that disagree. */
struct finding *findings_add_values(struct findings *findings, enum finding_kind kind,
				    const struct finding_place *place, uint64_t address,
				    uint64_t expected, uint64_t seen, const char *format, ...)
	DILL_PRINTF(7, 8);
/** The same where no single value would have fitted. */
struct finding *findings_add_seen(struct findings *findings, enum finding_kind kind,
				  const struct finding_place *place, uint64_t address,
				  uint64_t seen, const char *format, ...) DILL_PRINTF(6, 7);

/** Tell the word that is at the finding's address. @param finding may be NULL */
void finding_set_stored(struct finding *finding, uint64_t stored);
/** Tell in how many bits memory is wrong; kept when a fault of the memory may have done it. @param
 * finding may be NULL */
void finding_set_flips(struct finding *finding, unsigned bits);
/** A pointer of which expected and seen are known: the word as stored, and the bits that differ. */
void finding_set_pointer(struct finding *finding);
/** Add a copy of a finding of another list, remarks as remarks. */
void findings_copy(struct findings *findings, const struct finding *finding);

/** The newest finding, to tell later ones from those before; see findings_excuse(). */
struct findings_mark {
	struct finding *last;
	size_t count, kept;
	struct finding_list remarks;
	size_t untold;
};
struct findings_mark findings_mark(const struct findings *findings);
/** Turn what was found since @p mark into remarks, because of @p moving. */
void findings_excuse(struct findings *findings, struct findings_mark mark, const char *moving);
/** How many findings and remarks there are since @p mark, muted ones too. */
size_t findings_since(const struct findings *findings, struct findings_mark mark);
/** Forget what was found since @p mark, remarks too. */
void findings_drop(struct findings *findings, struct findings_mark mark);

/**
 * Turn a read error into a finding, so that a walk can go on.
 * @param error  taken over
 * @return NULL; the error itself when it is fatal (interrupted, target lost, no memory)
 */
DILL_MUST_CHECK struct dill_error *findings_absorb(struct findings *findings,
						   const struct finding_place *place,
						   struct dill_error *error);
/**
 * The same where a pointer of the target led to what cannot be read: it is the word that is wrong.
 * @param slot     address of the pointer; 0 = not known, as findings_absorb() then
 * @param pointer  what it was
 */
DILL_MUST_CHECK struct dill_error *findings_absorb_at(struct findings *findings,
						      const struct finding_place *place,
						      uint64_t slot, uint64_t pointer,
						      struct dill_error *error);

#endif
