/* SPDX-License-Identifier: MIT */
#ifndef GDB_PARAMETER_H
#define GDB_PARAMETER_H

#include <stdbool.h>

struct plugin;

/** Define the parameters. False with an exception. */
bool parameters_register(struct plugin *plugin);

/** `set dill direct`: whether a local QEMU's memory may be read directly. */
enum direct {
	DIRECT_AUTO,
	DIRECT_ON, /**< as auto, with a remark when it is impossible */
	DIRECT_OFF,
};
enum direct parameter_direct(struct plugin *plugin);
/** `set dill symbols`: whether symbols are loaded before a command. */
bool parameter_symbols(struct plugin *plugin);
/** `set dill types`: the file with the types, the caller's; NULL = none. */
char *parameter_types(struct plugin *plugin);
/** `set dill cache`: whether symbols and types of known kernels are kept. */
bool parameter_cache(struct plugin *plugin);

#endif
