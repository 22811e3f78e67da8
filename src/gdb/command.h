/* SPDX-License-Identifier: MIT */
#ifndef GDB_COMMAND_H
#define GDB_COMMAND_H

#include <stdbool.h>

struct command;
struct plugin;

/** Define all commands, under the prefix. False with an exception. */
bool commands_register(struct plugin *plugin);
/** Define a command of GDB under a name, with the prefix or without. */
bool command_register(struct plugin *plugin, const char *name, const struct command *command);

#endif
