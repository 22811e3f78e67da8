/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_ALIASES_H
#define COMMAND_ALIASES_H

#include "command/command.h"
#include "slub/alias.h"
#include "slub/survey.h"

/**
 * Emit the names of caches: of those that have others than their own, or of all @p chosen ones.
 * @param chosen  NULL = all caches that have
 */
DILL_MUST_CHECK struct dill_error *aliases_emit(struct command_call *call,
						const struct survey *survey,
						const struct cache_list *chosen);

/**
 * Read the names when one of @p chosen is merged, for aliases_fill(). Not an error when this kernel
 * keeps none; what is broken is a finding.
 */
DILL_MUST_CHECK struct dill_error *aliases_prepare(const struct survey *survey,
						   const struct cache_list *chosen,
						   struct alias_list *ret);

/** Set a text list column to the other names of @p cache; leaves it absent when there are none. */
void aliases_fill(const struct alias_list *aliases, const struct cache *cache,
		  struct dill_record *record, size_t column);

#endif
