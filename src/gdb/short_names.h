/* SPDX-License-Identifier: MIT */
#ifndef GDB_SHORT_NAMES_H
#define GDB_SHORT_NAMES_H

#include "gdb/plugin.h"

/**
 * Commands that start with k without the prefix "dill". They come late, for the sake of plugins
 * that refuse to be loaded when a name of theirs exists; whoever has defined one keeps it.
 *
 * All of these return false with a Python exception. When they are called before the names are due,
 * or again, nothing happens.
 */

/**
 * dill was loaded. The names are defined at once when GDB's command line loads dill, and no file
 * behind it; else later:
 */
bool short_names_begin(struct plugin *plugin);
/** A file that GDB's command line names has been read: after the last one they can be used. */
bool short_names_sourced(struct plugin *plugin);
/** A target is there: from now on the names can be used, but are not listed. */
bool short_names_needed(struct plugin *plugin);
/** GDB is about to show its prompt: the names are commands as all others. */
bool short_names_prompt(struct plugin *plugin);

#endif
