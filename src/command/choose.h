/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_CHOOSE_H
#define COMMAND_CHOOSE_H

#include "slub/cache.h"

/**
 * The caches that a name or glob names, as a list of its own.
 * @param ret  items are copies that live in @p arena
 * @return NULL; NOT_FOUND with near matches
 */
DILL_MUST_CHECK struct dill_error *caches_choose(const struct cache_list *all, const char *pattern,
						 struct arena *arena, struct cache_list *ret);

#endif
