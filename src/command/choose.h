/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_CHOOSE_H
#define COMMAND_CHOOSE_H

#include "command/command.h"
#include "slub/survey.h"

/**
 * The caches that a name or glob names, as a list of its own.
 * @param ret  items are copies that live in @p arena
 * @return NULL; NOT_FOUND with near matches
 */
DILL_MUST_CHECK struct dill_error *caches_choose(const struct cache_list *all, const char *pattern,
						 struct arena *arena, struct cache_list *ret);

/**
 * Look for caches that have left the kernel's list, at all struct pages; over a slow connection
 * that would take hours, and a remark says so when there are any. Where struct page is not known,
 * the listed caches are all there are.
 */
DILL_MUST_CHECK struct dill_error *survey_find_gone(struct survey *survey);

/** How far survey_choose() looks for caches that have left the kernel's list. */
enum choose_depth {
	CHOOSE_LISTED_FIRST, /**< at all of memory only for a glob, or a name that is not listed */
	CHOOSE_ALL,	     /**< always: for commands that look there anyway */
};

/**
 * The same of all caches, those that have left the kernel's list among them: "leaky" names also
 * "(destroyed) leaky".
 */
DILL_MUST_CHECK struct dill_error *survey_choose(struct survey *survey, const char *pattern,
						 enum choose_depth depth, struct arena *arena,
						 struct cache_list *ret);

/**
 * The CPU or node that an option names.
 * @param option  index into the command's options
 * @param ret     -1 when the option was not given
 * @return NULL; INVALID_ARGUMENT when this kernel has no such one
 */
DILL_MUST_CHECK struct dill_error *cpu_choose(const struct command_call *call, size_t option,
					      struct kernel *kernel, int *ret);
DILL_MUST_CHECK struct dill_error *node_choose(const struct command_call *call, size_t option,
					       struct kernel *kernel, int *ret);
/** UNSUPPORTED when it is not known on which nodes slabs are: a kernel without types. */
DILL_MUST_CHECK struct dill_error *need_nodes(const struct heap *heap);

#endif
