/* SPDX-License-Identifier: MIT */
#ifndef GDB_FILE_COMMAND_H
#define GDB_FILE_COMMAND_H

#include <stdbool.h>

struct plugin;

/** Define "dill open" and "dill close". False with an exception. */
bool file_commands_register(struct plugin *plugin);

#endif
