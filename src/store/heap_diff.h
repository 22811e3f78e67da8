/* SPDX-License-Identifier: MIT */
#ifndef STORE_HEAP_DIFF_H
#define STORE_HEAP_DIFF_H

#include "base/arena.h"

/** Two exports of heaps, to be compared: A, then B. */
struct heap_diff;

/** What an export says of itself; texts are printable, NULL = not known. */
struct heap_facts {
	const char *banner;
	uint64_t kernel_base, direct_map; /**< 0 = not known */
	uint64_t time;			  /**< seconds since 1970 */
	int64_t caches;			  /**< how many it has */
	const char *incomplete;		  /**< what could not be read when it was exported */
	const char *site_doubt;		  /**< why sites may be those of former owners */
	bool has_counted;
	uint64_t counted; /**< bytes that the kernel counts as slab memory */
};

/**
 * Open both to read them.
 * @return NULL; BAD_DATA when one is no export of dill's, a damaged or unfinished one; UNSUPPORTED
 * when it is of another version; OS
 */
DILL_MUST_CHECK struct dill_error *heap_diff_open(const char *a, const char *b,
						  struct heap_diff **ret);
void heap_diff_free(struct heap_diff *diff);
DEFINE_CLEANUP(struct heap_diff *, heap_diff_free)

/** @param ret  of A and of B; texts live as long as @p diff */
void heap_diff_facts(const struct heap_diff *diff, struct heap_facts ret[2]);
/** Whether both may be of one run of one kernel: then addresses mean the same in both. */
bool heap_diff_is_one_boot(const struct heap_diff *diff);

/** Something that is in A, in B, or in both; counts of it, in A and in B. */
struct heap_change {
	const char *cache;
	const char *site; /**< sites only; NULL = those whose place is not recorded */
	bool present[2];
	uint64_t live[2], memory[2], slabs[2]; /**< a site has no slabs */
};
typedef struct dill_error *(*heap_change_visitor)(void *context, const struct heap_change *change);

/** Visit the caches whose numbers differ, largest change of memory first, then of live objects.
 * Texts live until the visitor returns. */
DILL_MUST_CHECK struct dill_error *heap_diff_caches(struct heap_diff *diff,
						    heap_change_visitor visit, void *context);
/** The same for sites; none when nothing is recorded. */
DILL_MUST_CHECK struct dill_error *heap_diff_sites(struct heap_diff *diff,
						   heap_change_visitor visit, void *context);

/** An object that is in use in one of the two. */
struct heap_object_change {
	bool appeared; /**< in B; else it went: only in A */
	uint64_t address;
	const char *cache, *site;
	bool has_requested, has_age, has_pid;
	uint64_t requested, age;
	int64_t pid;
};
typedef struct dill_error *(*heap_object_visitor)(void *context,
						  const struct heap_object_change *change);

/**
 * Visit the objects that are in use in one of the two, first those that went, each in order of
 * address. One that has another cache, site or process is two: what was there went.
 * @return NULL; INVALID_ARGUMENT unless heap_diff_is_one_boot()
 */
DILL_MUST_CHECK struct dill_error *heap_diff_objects(struct heap_diff *diff,
						     heap_object_visitor visit, void *context);

#endif
