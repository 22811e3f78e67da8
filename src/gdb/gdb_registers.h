/* SPDX-License-Identifier: MIT */
#ifndef GDB_GDB_REGISTERS_H
#define GDB_GDB_REGISTERS_H

#include <dill/target.h>

#include "gdb/py.h"

/** The gdb.InferiorThreads of the selected inferior as a list, in no promised order. */
PyObject *gdb_thread_list(PyObject *gdb);

/** Number of threads of the selected inferior, which are CPUs to a stub of a machine; at least 1.
 */
DILL_MUST_CHECK struct dill_error *gdb_cpu_count(PyObject *gdb, unsigned *ret);

/**
 * Registers of CPU @p cpu, the thread with the (cpu + 1)th lowest number, through GDB's frames. The
 * selected thread and frame are put back. Registers that GDB does not have for its target stay 0.
 * @return NULL; NOT_FOUND past the last thread
 */
DILL_MUST_CHECK struct dill_error *gdb_registers(PyObject *gdb, unsigned cpu,
						 struct dill_registers *ret);

/**
 * Refuse a target that is of another machine to GDB.
 * @return NULL, also when GDB does not tell; UNSUPPORTED; INTERRUPTED
 */
DILL_MUST_CHECK struct dill_error *gdb_check_machine(PyObject *gdb);

/** As dill_target_ops.machine. */
DILL_MUST_CHECK struct dill_error *gdb_machine(PyObject *gdb, uint16_t *ret);

/** The CPU of the selected thread; false when none is selected, or the user interrupts (then with
 * an exception). */
bool gdb_selected_cpu(PyObject *gdb, unsigned *ret);

#endif
