/* SPDX-License-Identifier: MIT */
#ifndef CLI_PROMPT_H
#define CLI_PROMPT_H

#include "cli/program.h"

/**
 * Read commands from the terminal until "quit" or Ctrl-D, with history and completion. Ctrl-C stops
 * the running command, or drops the line that is typed.
 * @return exit status: 0, 128 + signal, or COMMAND_FAILED when the target cannot be opened
 */
int prompt_run(struct program *program);

#endif
