/* SPDX-License-Identifier: MIT */
#ifndef SLUB_SURVEY_H
#define SLUB_SURVEY_H

#include "slub/cache_map.h"

/**
 * What commands on objects start from: all caches, the freed objects that wait, and, once a map is
 * wanted, the slabs of chosen caches.
 */
struct survey {
	struct heap *heap;
	struct arena *arena;	   /**< of the command: caches and waiting objects live there */
	struct findings *findings; /**< of the command */
	struct cache_list all;
	struct waiting waiting;
	struct slab_scan scan;
	bool scanned_all;  /**< scan has the slabs of all caches; loose sheaves were looked for */
	bool asked, moves; /**< whether slabs may be on their way between lists, once asked */
};

/** Read all caches and the waiting objects. Free with survey_deinit(). NULL; fatal errors. */
DILL_MUST_CHECK struct dill_error *survey_init(struct heap *heap, struct arena *arena,
					       struct findings *findings, struct survey *ret);
/** The same for an answer about the cache @p name alone, as caches_read_named(); NULL = all. */
DILL_MUST_CHECK struct dill_error *survey_init_named(struct heap *heap, const char *name,
						     struct arena *arena, struct findings *findings,
						     struct survey *ret);
void survey_deinit(struct survey *survey);

static inline void survey_deinitp(struct survey *survey)
{
	survey_deinit(survey);
}

/**
 * Find the slabs of @p chosen at least, whose items must outlive the survey; on kernels with
 * sheaves also the sheaves that no list leads to, for which the slabs of all caches are needed.
 * Memory is looked at once for all caches when @p chosen is the survey's own list of all.
 * @return NULL; UNSUPPORTED when struct page is not known; fatal errors
 */
DILL_MUST_CHECK struct dill_error *survey_scan(struct survey *survey,
					       const struct cache_list *chosen);

/**
 * Everything one of the scanned caches holds, and its map.
 * @param cache  one of the list that was given to survey_scan(), or a copy
 * @param arena  holds contents and map
 */
DILL_MUST_CHECK struct dill_error *survey_map(struct survey *survey, const struct cache *cache,
					      struct arena *arena, struct contents *ret_contents,
					      struct cache_map *ret_map);

/** What could not be read, so that no object that is on no list is known to be live; NULL when
 * everything was. */
const char *survey_why(const struct survey *survey);

/** How many objects of a cache are in which state. */
struct state_counts {
	uint64_t counts[OBJECT_STATES];
};

/**
 * The states of a cache's objects by sums alone: everything that is on no list is live, or unknown
 * when a list is broken. @p contents may be CONTENTS_COUNTS. Without the kernel's totals
 * (SLUB_DEBUG) only cached, free and waiting are counted.
 */
void survey_count(const struct survey *survey, const struct contents *contents,
		  struct state_counts *ret);

/**
 * The same, exactly: what counting every object of the cache's map gives. Sums do where they must
 * come to that, which spares a look at all of memory: no finding on the cache's lists, no object on
 * two of them, nothing in motion. Else the map counts.
 * @param contents  read with CONTENTS_FREELISTS
 * @return NULL; fatal errors. Finds nothing that reading the contents has not found.
 */
DILL_MUST_CHECK struct dill_error *survey_states(struct survey *survey,
						 const struct contents *contents,
						 struct state_counts *ret);

#endif
