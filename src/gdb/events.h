/* SPDX-License-Identifier: MIT */
#ifndef GDB_EVENTS_H
#define GDB_EVENTS_H

#include <stdbool.h>

struct plugin;

/** Count GDB's events that may have changed the target. False with an exception. */
bool events_connect(struct plugin *plugin);

#endif
