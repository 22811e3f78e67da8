/* SPDX-License-Identifier: MIT */
#ifndef GDB_OPENED_CORE_H
#define GDB_OPENED_CORE_H

#include "base/error.h"

struct plugin;

/**
 * The file of the core that GDB has as its target; NULL when GDB does not tell.
 * @param ret  the caller's
 * @return NULL; INTERRUPTED along with a Python exception
 */
DILL_MUST_CHECK struct dill_error *file_of_core(struct plugin *plugin, char **ret);

#endif
