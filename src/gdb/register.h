/* SPDX-License-Identifier: MIT */
#ifndef GDB_REGISTER_H
#define GDB_REGISTER_H

#include "gdb/py.h"

struct plugin;

/**
 * Make a subclass of gdb.@p base with @p dict as its body, and one instance of it by @p arguments,
 * which GDB keeps. False with an exception.
 */
bool gdb_object_register(struct plugin *plugin, const char *base, PyObject *dict,
			 PyObject *arguments);

#endif
