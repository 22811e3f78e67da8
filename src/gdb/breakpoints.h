/* SPDX-License-Identifier: MIT */
#ifndef GDB_BREAKPOINTS_H
#define GDB_BREAKPOINTS_H

#include <dill/target.h>

#include "base/array.h"
#include "base/number_map.h"
#include "gdb/plugin.h"

/**
 * GDB's own breakpoints, internal ones, at the tracer's addresses. GDB asks a function of ours at
 * each of them whether it shall stop.
 *
 * While GDB asks, a breakpoint must not be deleted: one that is not needed is only disabled, and
 * used again when its address is.
 */
struct breakpoints {
	struct plugin *plugin; /**< borrowed */
	PyObject *type;	       /**< subclass of gdb.Breakpoint */
	ARRAY(struct breakpoint) list;
	struct number_map places; /**< index into the list, by address */
};

struct breakpoint {
	dill_virt address;
	PyObject *object;
};

/**
 * @param stop  called by GDB at each stop, without arguments; True lets the target stay stopped
 * @return NULL; errors of Python
 */
DILL_MUST_CHECK struct dill_error *breakpoints_init(struct breakpoints *breakpoints,
						    struct plugin *plugin, PyObject *stop);
/** As struct trace_breakpoints; the context is the struct breakpoints. */
DILL_MUST_CHECK struct dill_error *breakpoints_insert(void *context, dill_virt address);
DILL_MUST_CHECK struct dill_error *breakpoints_remove(void *context, dill_virt address);
/** Delete all of them; not while GDB asks. Errors are swallowed: GDB may have deleted some. */
void breakpoints_deinit(struct breakpoints *breakpoints);

#endif
