/* SPDX-License-Identifier: MIT */
#ifndef GDB_INTERRUPT_WATCH_H
#define GDB_INTERRUPT_WATCH_H

#include <stdbool.h>

/**
 * Takes Ctrl-C while GDB is busy with breakpoints that do not stop.
 *
 * GDB loses one that comes while it handles such a breakpoint: it notes it for Python, which is
 * called for the breakpoint, and does not look there again (GDB 13; with 25 breakpoints a second
 * one of ten is lost). On some stubs its request to stop crosses the breakpoint's report, too. So
 * the next breakpoint stops instead. When none has come for a while GDB is told as ever, and at the
 * second Ctrl-C.
 *
 * GDB replaces handlers of SIGINT now and then; ours is put back whenever the target goes on.
 */
void interrupt_watch_begin(void);
void interrupt_watch_end(void);
/** The target goes on. Nothing when not watching. */
void interrupt_watch_resumed(void);
/** The target stays stopped: the user has the prompt. */
void interrupt_watch_stopped(void);
/** Stop at the next breakpoint, as if the user had said so by Ctrl-C. */
void interrupt_watch_request(void);
/** At a breakpoint: true when it shall stop, because the user wants it. */
bool interrupt_watch_at_breakpoint(void);

#endif
