/* SPDX-License-Identifier: MIT */
#ifndef SLUB_WAITING_READER_H
#define SLUB_WAITING_READER_H

#include "slub/circle.h"
#include "slub/place.h"
#include "slub/waiting_data.h"

/** Everything while the freed objects that wait are read: what waiting.c and kasan_quarantine.c
 * share. */
struct waiting_reader {
	struct heap *heap;
	struct cache_list *caches;
	struct arena *arena;
	struct findings *findings;
	ARRAY(struct waiting_object) items;
	size_t links_max, links; /* that are followed, and were, on all lists together */
	bool is_full;		 /* that there are more was said */
	struct waiting *ret;
};

/** Where the reader is. */
struct waiting_spot {
	enum place_kind kind;
	int cpu;	  /**< whose list; -1 = nobody's */
	const char *what; /**< "list of deferred frees" */
	dill_virt container;
	uint32_t position;
	const char *moving; /**< as finding_place.moving */
};

/** What the place is for findings. */
struct finding_place waiting_place(const struct waiting_spot *spot);
/** What is behind it stays unknown: the result says so. */
void waiting_incomplete(struct waiting_reader *reader, const struct waiting_spot *spot);
/** Add the object that @p address lies in; what lies in no slab is counted only. */
DILL_MUST_CHECK struct dill_error *waiting_add(struct waiting_reader *reader,
					       const struct waiting_spot *spot, dill_virt address);
/**
 * Ask before every link of a list, and every entry of what hangs on one.
 * @param circle  of this list; NULL where it cannot turn in one
 * @param at      the link, not 0
 * @param ret     false when it is not to be followed: it closes a circle, or more were followed
 *                than are believed, on whatever lists. That is said then.
 * @return NULL; INTERRUPTED
 */
DILL_MUST_CHECK struct dill_error *waiting_may_follow(struct waiting_reader *reader,
						      const struct waiting_spot *spot,
						      struct circle *circle, dill_virt at,
						      bool *ret);
/**
 * Let @p spot and the result say that what a lock guards moves.
 * @param address  of the lock's structure
 * @param held     as lock_moving()
 * @return NULL; fatal errors
 */
DILL_MUST_CHECK struct dill_error *waiting_lock(struct waiting_reader *reader,
						struct waiting_spot *spot, const struct lock *lock,
						dill_virt address, const char *held);
/** A list is broken at @p address: a finding, "WHAT WHY", and what is behind it stays unknown. */
void waiting_broken(struct waiting_reader *reader, const struct waiting_spot *spot,
		    dill_virt address, const char *why);
/** The same for what cannot be read. @param error  taken over, may be NULL. NULL; fatal errors */
DILL_MUST_CHECK struct dill_error *waiting_give_up(struct waiting_reader *reader,
						   const struct waiting_spot *spot,
						   struct dill_error *error);

#endif
