/* SPDX-License-Identifier: MIT */
#ifndef GDB_INTERRUPT_WATCH_H
#define GDB_INTERRUPT_WATCH_H

#include <stdbool.h>

/**
 * Notices Ctrl-C while GDB is busy with breakpoints that do not stop. GDB passes it on to the
 * target, which is stopped at such a breakpoint at that moment more often than not, and with some
 * stubs it is lost then. GDB's own handler is called as before.
 */
void interrupt_watch_begin(void);
void interrupt_watch_end(void);
/** True when there was one since the last call. */
bool interrupt_watch_take(void);

#endif
