/* SPDX-License-Identifier: MIT */
#ifndef GDB_SYMBOL_LOADER_H
#define GDB_SYMBOL_LOADER_H

#include "command/command.h"
#include "command/words.h"
#include "gdb/plugin.h"

/**
 * What GDB knows of a kernel by dill: the file that "dill symbols" has made, loaded beside whatever
 * GDB has of its user. A file that nobody has asked for by name is private, and gone when GDB ends.
 */

/**
 * "dill symbols": write the file, and let GDB load it; what was loaded before goes away.
 * @param words  the command line, parsed; may get more
 * @param ret    as command_execute()
 */
DILL_MUST_CHECK struct dill_error *symbols_run(struct plugin *plugin, struct words *words,
					       enum command_status *ret);

/**
 * With `set dill symbols on`: load them before a command, unless those of this kernel and of these
 * modules are loaded already. What goes wrong with it is a remark.
 * @return NULL; INTERRUPTED along with a Python exception
 */
DILL_MUST_CHECK struct dill_error *symbols_wanted(struct plugin *plugin);

/** Have the private file removed when GDB ends. False with an exception. */
bool symbols_at_exit(struct plugin *plugin);

#endif
