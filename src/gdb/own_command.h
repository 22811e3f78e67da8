/* SPDX-License-Identifier: MIT */
#ifndef GDB_OWN_COMMAND_H
#define GDB_OWN_COMMAND_H

#include "gdb/plugin.h"

/** A command of the plugin's that the program does not have. */
struct own_command {
	const char *name;	/**< with its prefix: "dill run" */
	const char *doc;	/**< what GDB's "help" shows */
	const char *class_name; /**< where GDB lists it: a constant of the gdb module */
	const char *completion; /**< how GDB completes it, likewise */
	/** @param text  what stands behind the name */
	struct dill_error *(*run)(struct plugin *plugin, const char *text);
};

/** Give GDB the commands, which must outlive it. False with an exception. */
bool own_commands_register(struct plugin *plugin, const struct own_command *commands, size_t count);

#endif
