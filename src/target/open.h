/* SPDX-License-Identifier: MIT */
#ifndef TARGET_OPEN_H
#define TARGET_OPEN_H

#include <dill/target.h>

/** How to open a target that is reached by an address or a file. */
struct target_options {
	/**
	 * gdbstub: "HOST:PORT", ":PORT" (this machine), "unix:PATH" or a path with a slash that is
	 * a socket.
	 */
	const char *remote;
	/** Never read a same-host QEMU's memory directly; everything goes through the stub. */
	bool no_direct;
	/** Seconds to wait for a stub that does not answer; 0 = default (3). */
	unsigned timeout_s;
	/** Copied by the backend when it needs interruption while it waits. */
	struct dill_host host;
};

/**
 * Make a target of a gdbstub's address; see target/rsp.h for what it does to the guest. Nothing is
 * connected before begin(), which fails with
 *
 * - OS when nobody listens there or the host is unknown,
 * - PROTOCOL when the peer is no gdbstub,
 * - LIMIT when it does not answer or another debugger is attached: a gdbstub serves one client.
 *
 * @param ret_ops      const, never freed
 * @param ret_context  the caller's, to be closed with ops->close()
 * @return NULL; INVALID_ARGUMENT when `remote` is no address; NO_MEMORY
 */
DILL_MUST_CHECK struct dill_error *rsp_open(const struct target_options *options,
					    const struct dill_target_ops **ret_ops,
					    void **ret_context);

#endif
