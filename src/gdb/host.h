/* SPDX-License-Identifier: MIT */
#ifndef GDB_HOST_H
#define GDB_HOST_H

#include <dill/target.h>

struct plugin;

/** What GDB does for the core: interruption and remarks. */
struct dill_host plugin_host(struct plugin *plugin);

/** Write to GDB's standard error stream, a line. */
void plugin_log(struct plugin *plugin, const char *text);

#endif
