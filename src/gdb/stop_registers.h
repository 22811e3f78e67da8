/* SPDX-License-Identifier: MIT */
#ifndef GDB_STOP_REGISTERS_H
#define GDB_STOP_REGISTERS_H

#include "gdb/plugin.h"
#include "trace/peek.h"

/** The CPU that GDB has just stopped at a breakpoint, and its general registers. */
DILL_MUST_CHECK struct dill_error *stop_registers(PyObject *gdb, struct dill_stop *ret);

/** Small reads through GDB's inferior, for the tracer. */
struct gdb_peek {
	struct peek peek; /**< first */
	PyObject *gdb;	  /**< borrowed */
};
void gdb_peek_init(struct gdb_peek *peek, PyObject *gdb);

#endif
