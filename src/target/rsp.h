/* SPDX-License-Identifier: MIT */
#ifndef TARGET_RSP_H
#define TARGET_RSP_H

#include "target/open.h"

/**
 * The gdbstub target. rsp_open() in open.h makes one with a connection of its own:
 *
 * - begin() connects, which stops the guest; end() lets it run again when it ran, and leaves it
 *   stopped when it was stopped. So every command of a prompt meets the stub as a new client, and
 *   other debuggers get their turn in between.
 * - Whether the guest ran is told by QEMU with an unsolicited stop reply. Later ones have ceased to
 *   (they have the monitor command one-insn-per-tb, which came in the same release): there a guest
 *   whose state is plain "paused" is taken to have run, because connecting makes exactly that state
 *   out of "running", and "paused (prelaunch)", "paused (debug)" and the like to have been stopped.
 *   So a guest that somebody stopped by QEMU's own monitor runs after a command of dill there; with
 *   earlier QEMUs it stays stopped, and with `leave_stopped` every guest does.
 * - A stub that serves another debugger is left alone when it is on this machine. On another
 * machine that shows only by its silence; the guest is then told to run as soon as the stub turns
 * to us.
 * - Stubs other than QEMU's stop the guest for whoever connects, and are told to resume it.
 * - A QEMU of this machine has its memory read directly when that is permitted; see qemu_local.h.
 */

/**
 * Make a target of a connection that belongs to somebody else: GDB's own socket.
 *
 * The guest must be stopped. begin() fails when bytes are waiting in the socket (GDB is in the
 * middle of something) and otherwise talks to the stub; end() takes every setting back and leaves
 * the stream at rest. The target is never resumed or detached, the socket never closed, its flags
 * never changed.
 *
 * @param fd       connected socket; borrowed, must stay open as long as the target
 * @param options  `remote` only names the target in messages and may be NULL
 * @return NULL; NO_MEMORY
 */
DILL_MUST_CHECK struct dill_error *rsp_open_borrowed(int fd, const struct target_options *options,
						     const struct dill_target_ops **ret_ops,
						     void **ret_context);

/**
 * Tell a borrowed target what its owner knows. Call before each begin().
 *
 * @param context     from rsp_open_borrowed()
 * @param thread      id that the owner has last selected with "Hg", such as "p01.02". The owner
 *                    will not select it again, so end() does. NULL when it selected none.
 * @param generation  a number that changes whenever the guest may have run
 * @return NULL; INVALID_ARGUMENT when @p thread is no thread id
 */
DILL_MUST_CHECK struct dill_error *rsp_borrowed_set_stop(void *context, const char *thread,
							 uint64_t generation);

#endif
