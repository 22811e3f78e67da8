/* SPDX-License-Identifier: MIT */
#ifndef GDB_BORROW_H
#define GDB_BORROW_H

#include "base/error.h"

/**
 * Find the socket of GDB's own connection to a gdbstub, among the files of this process.
 *
 * GDB does not tell its socket, but where it is connected to. The socket is taken only when it is
 * the only one connected there.
 *
 * @param details  gdb.TargetConnection.details, such as "localhost:1234" or "/run/gdb.socket"
 * @param ret      still GDB's: not to be closed
 * @return NULL; NOT_FOUND; INVALID_ARGUMENT for a connection that is no socket
 */
DILL_MUST_CHECK struct dill_error *borrow_find(const char *details, int *ret);

#endif
