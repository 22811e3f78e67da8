/* SPDX-License-Identifier: MIT */
#ifndef TARGET_CORE_SET_H
#define TARGET_CORE_SET_H

#include <stddef.h>

#include "base/array.h"
#include "base/cleanup.h"

struct core;

/** Names of files, owned. */
struct core_paths {
	ARRAY(char *) list;
};
void core_paths_deinit(struct core_paths *paths);

/**
 * Make one dump of several, each of which is one by itself. Of two that have the same page the
 * first counts.
 * @param core  all 0 but for its host; to be given to core_deinit(), also after an error
 * @return NULL; as core_parse(), with the file's name in front; INVALID_ARGUMENT when a part of a
 * split dump is missing
 */
DILL_MUST_CHECK struct dill_error *core_set_parse(struct core *core, const char *const *paths,
						  size_t count);

/**
 * Find the other parts of a dump that makedumpfile has split, in the folder of this one: by what is
 * in the files, whatever their names.
 * @param core  the part, parsed
 * @param ret   @p path and the others, to be given to core_paths_deinit(), also after an error
 * @return NULL; NO_MEMORY
 */
DILL_MUST_CHECK struct dill_error *core_set_siblings(const struct core *core, const char *path,
						     struct core_paths *ret);

#endif
