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
	/** A file instead of a gdbstub; its kind is found by its content. */
	const char *file;
	/** Further files that belong to `file`; see core_load.h. */
	const char *const *more_files;
	size_t more_count;
	/** Where memory lies in a file of raw memory, as core_map_parse() takes it; NULL = find
	 * out.
	 */
	const char *memory_map;
	/** The system that dill runs on, instead of either. */
	bool running_system;
	/** Never read a same-host QEMU's memory directly; everything goes through the stub. */
	bool no_direct;
	/** Do not let the guest run at the end, even when it ran. */
	bool leave_stopped;
	/** Seconds to wait for a stub that does not answer; 0 = default (3). */
	unsigned timeout_s;
	/** Copied by the backend when it needs interruption while it waits. */
	struct dill_host host;
};

/**
 * Make a target of whatever the options name: `remote`, `file` or `live`, one of them.
 *
 * @param ret_ops, ret_context  as for rsp_open()
 * @return NULL; INVALID_ARGUMENT when several are given; UNSUPPORTED for a file that is nothing
 * dill knows; as rsp_open(), recording_open() and core_open()
 */
DILL_MUST_CHECK struct dill_error *target_open(const struct target_options *options,
					       const struct dill_target_ops **ret_ops,
					       void **ret_context);

/**
 * Make a target of the recording `file` (target/recording_file.h), which is read whole. Pages that
 * it lacks cannot be read; at the end of a command that asked for some, the host is told.
 *
 * @return NULL; BAD_DATA, LIMIT, UNSUPPORTED with what is wrong with the file; OS; NO_MEMORY
 */
DILL_MUST_CHECK struct dill_error *recording_open(const struct target_options *options,
						  const struct dill_target_ops **ret_ops,
						  void **ret_context);

/**
 * Make a target of the dump `file` (target/core.h), which is mapped: only what is asked for is
 * read. The file must not become shorter while it is open. When a command has asked for pages that
 * the dump lacks, the host is told at the end of it.
 *
 * @return NULL; BAD_DATA, LIMIT, UNSUPPORTED, INVALID_ARGUMENT with what is wrong with the file;
 * OS; NO_MEMORY
 */
DILL_MUST_CHECK struct dill_error *core_open(const struct target_options *options,
					     const struct dill_target_ops **ret_ops,
					     void **ret_context);

/**
 * Make a target of the system that dill runs on, through /proc/kcore: its physical memory, read
 * with pread() when it is asked for, so that nothing is changed and nothing stopped. Page tables
 * are found through the VMCOREINFO that the file carries (fs/proc/kcore.c, since 4.19). It moves
 * (dill_target_ops.moves), and each begin() is another generation.
 *
 * @return NULL; OS when the file cannot be read, with what that needs; UNSUPPORTED when it is none
 * of x86-64; BAD_DATA; NO_MEMORY
 */
DILL_MUST_CHECK struct dill_error *running_system_open(const struct target_options *options,
						       const struct dill_target_ops **ret_ops,
						       void **ret_context);

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
