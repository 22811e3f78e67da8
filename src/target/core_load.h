/* SPDX-License-Identifier: MIT */
#ifndef TARGET_CORE_LOAD_H
#define TARGET_CORE_LOAD_H

#include "base/error.h"

struct core;

/**
 * Open a dump from one file or from several: dumps of parts of memory; pieces that a dump was cut
 * into, in their order; VMware's memory and what tells of it. What belongs to a single file is
 * looked for: beside a .vmem, beside a .vmss, and of a dump that makedumpfile has split.
 *
 * @param core   all 0 but for its host and memory_map; to be given to core_deinit(), also after an
 * error
 * @return NULL; as core_file_open() and core_parse(), with the file's name in front;
 * INVALID_ARGUMENT when the files do not belong together
 */
DILL_MUST_CHECK struct dill_error *core_load(struct core *core, const char *const *paths,
					     size_t count);

#endif
