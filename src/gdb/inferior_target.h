/* SPDX-License-Identifier: MIT */
#ifndef GDB_INFERIOR_TARGET_H
#define GDB_INFERIOR_TARGET_H

#include <dill/target.h>

struct plugin;

/**
 * GDB's selected inferior as a target of dill. Three ways to its memory, the best one first:
 *
 * 1. GDB's own connection to a gdbstub, borrowed while a command runs: physical and virtual memory,
 *    requests pipelined, and a QEMU on this machine read directly.
 * 2. GDB's memory functions, with QEMU's stub switched to physical addresses where needed.
 * 3. GDB's memory functions alone (cores, other stubs): virtual memory.
 *
 * GDB's view of the target (selected thread and frame, registers, stub modes) is the same after
 * end() as before begin().
 */
struct inferior;

/** @param plugin  borrowed, must outlive the target */
DILL_MUST_CHECK struct dill_error *inferior_new(struct plugin *plugin, struct inferior **ret);

/** The ops that go with `struct inferior *` as context; const, never freed. */
const struct dill_target_ops *inferior_ops(void);

/**
 * Between begin() and end(): leave the target to GDB, whose own reads would otherwise meet a
 * borrowed connection or a stub in another mode; then take it again. Nothing is done for NULL: the
 * session's target is a file.
 */
DILL_MUST_CHECK struct dill_error *inferior_pause(struct inferior *inferior);
DILL_MUST_CHECK struct dill_error *inferior_resume(struct inferior *inferior);

#endif
