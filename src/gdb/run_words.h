/* SPDX-License-Identifier: MIT */
#ifndef GDB_RUN_WORDS_H
#define GDB_RUN_WORDS_H

#include "command/command.h"
#include "command/words.h"
#include "gdb/plugin.h"

/** Run a command line on GDB's target and print its answer, as command_execute(). */
DILL_MUST_CHECK struct dill_error *run_words(struct plugin *plugin, const struct words *words,
					     enum command_status *ret);

#endif
