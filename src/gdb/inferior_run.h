/* SPDX-License-Identifier: MIT */
#ifndef GDB_INFERIOR_RUN_H
#define GDB_INFERIOR_RUN_H

#include <dill/target.h>

struct inferior;

/** Running and breakpoints, on the borrowed connection only;
 * dill_target_ops.run(). */
bool inferior_run(void *context, struct dill_runner *ret);

/** When dill let the target run: make GDB forget registers and memory. After inferior_pause(). */
void inferior_tell_gdb(struct inferior *inferior);

#endif
