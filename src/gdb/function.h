/* SPDX-License-Identifier: MIT */
#ifndef GDB_FUNCTION_H
#define GDB_FUNCTION_H

#include <stdbool.h>

struct plugin;

/** Define the value functions. False with an exception. */
bool functions_register(struct plugin *plugin);

#endif
