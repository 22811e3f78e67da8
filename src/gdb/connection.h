/* SPDX-License-Identifier: MIT */
#ifndef GDB_CONNECTION_H
#define GDB_CONNECTION_H

#include "gdb/py.h"

/** Through what GDB reaches the target of its selected inferior. */
struct gdb_connection {
	uint64_t number; /**< counts GDB's connections; 0 = none, or GDB (before 10) has no numbers
			  */
	char *details;	 /**< such as "localhost:1234"; NULL when it is no gdbstub or GDB does not
			  * tell
			  */
	bool is_core;	 /**< GDB has opened a core file */
};

/** Ask GDB. Free the result with gdb_connection_deinit(). False with an exception. */
bool gdb_connection_get(PyObject *gdb, struct gdb_connection *ret);

static inline void gdb_connection_deinit(struct gdb_connection *connection)
{
	free(connection->details);
}

#endif
