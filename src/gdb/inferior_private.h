/* SPDX-License-Identifier: MIT */
#ifndef GDB_INFERIOR_PRIVATE_H
#define GDB_INFERIOR_PRIVATE_H

#include "base/strbuf.h"
#include "gdb/gdb_memory.h"
#include "gdb/plugin.h"

/* Inside of GDB's inferior as a target, for inferior_target.c and inferior_run.c. */

/* How the target is reached while a command runs. */
enum route {
	ROUTE_UNDECIDED,
	ROUTE_SOCKET, /* GDB's own connection, spoken to directly */
	ROUTE_GDB,    /* GDB's functions */
};

struct inferior {
	struct plugin *plugin;
	enum route route;
	bool ran;    /* by dill, and GDB does not know it yet */
	bool active; /* taken from GDB: between begin and end, and not paused */
	struct gdb_memory memory;
	/* ROUTE_SOCKET */
	const struct dill_target_ops *socket_ops;
	void *socket_context;
	struct strbuf description;
};

#endif
