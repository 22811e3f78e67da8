/* SPDX-License-Identifier: MIT */
#ifndef GDB_INTERRUPT_WATCH_H
#define GDB_INTERRUPT_WATCH_H

#include <stdbool.h>

/**
 * Takes Ctrl-C while GDB is busy with breakpoints that do not stop.
 *
 * GDB would ask its stub at once to stop the target, which stands at such a breakpoint or is in the
 * middle of a step more often than not: stops are lost then, and both wait for each other (seen
 * with GDB 13 and QEMU 7.2, two CPUs; other stubs forget the request). So the next breakpoint stops
 * instead. When none comes for a second, or at a second Ctrl-C, GDB gets it as ever.
 */
void interrupt_watch_begin(void);
void interrupt_watch_end(void);
/** At a breakpoint: true when it shall stop, because the user wants it. */
bool interrupt_watch_take(void);

#endif
