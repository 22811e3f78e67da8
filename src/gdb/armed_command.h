/* SPDX-License-Identifier: MIT */
#ifndef GDB_ARMED_COMMAND_H
#define GDB_ARMED_COMMAND_H

#include "command/words.h"

struct plugin;

/** Define the commands that trace by GDB's breakpoints. False with an exception.
 */
bool armed_commands_register(struct plugin *plugin);

/**
 * "dill NAME": follow the tasks of that name from now on.
 * @return NULL; NOT_FOUND when nothing is armed
 */
DILL_MUST_CHECK struct dill_error *armed_trace_follow_line(struct plugin *plugin, const char *line);

/** "dill break", a line that is known to be well-formed: arm it. */
DILL_MUST_CHECK struct dill_error *armed_trace_break_words(struct plugin *plugin,
							   const struct words *words);

#endif
