/* SPDX-License-Identifier: MIT */
#ifndef DILL_SESSION_H
#define DILL_SESSION_H

#include <dill/target.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

/**
 * One target and what dill knows of its kernel. Opening reads nothing; the first command finds the
 * kernel, later ones find it known. A session serves one thread at a time; sessions do not know of
 * each other.
 */
struct dill_session;

/** All members may be 0. */
struct dill_session_options {
	/** vmlinux or bzImage of the kernel, copied; for targets without symbols or types of their
	 * own. */
	const char *image_path;
	/** Of several kernels in one dump the one to show, copied: its number as the command info
	 * counts them, from 1 on, or the virtual or physical address of its image. */
	const char *kernel;
	/** dill_session_open_files(): where memory lies in a file that holds nothing else:
	 * "ADDRESS:LENGTH[:OFFSET],...", numbers with or without K, M, G, T; a range without an
	 * offset follows the one before it. NULL = found in the memory itself. */
	const char *memory_map;
	struct dill_host host; /**< copied */
	/**
	 * Evaluate an address that is neither a number nor a symbol. Gets the host's context; NULL
	 * = such addresses are errors.
	 */
	struct dill_error *(*evaluate)(void *context, const char *expression, uint64_t *ret);
	/**
	 * Neither use nor keep symbols and types of known builds of kernels in the user's cache
	 * ($XDG_CACHE_HOME/dill/builds), which is done where reading them takes long.
	 */
	bool no_cache;
};

/**
 * Open a session on memory that the caller provides.
 *
 * @param ops      borrowed, must outlive the session
 * @param context  handed to every op; taken over: closed with ops->close() by dill_session_close(),
 * and on error
 * @param options  NULL = all 0
 * @param ret      the caller's, to be closed
 */
DILL_MUST_CHECK struct dill_error *dill_session_open(const struct dill_target_ops *ops,
						     void *context,
						     const struct dill_session_options *options,
						     struct dill_session **ret);

/**
 * Open a session on a gdbstub.
 *
 * @param address  "HOST:PORT", ":PORT" (this machine) or "unix:PATH"
 * @return NULL; OS when refused; PROTOCOL when the peer is no gdbstub; LIMIT when it does not
 * answer
 */
DILL_MUST_CHECK struct dill_error *dill_session_open_remote(
	const char *address, const struct dill_session_options *options, struct dill_session **ret);

/**
 * Open a session on a dump of memory, or a recording of dill's; the kind is found by the content.
 *
 * @param paths  the files of one dump, borrowed: a single one, pieces in their order, or dumps of
 * parts of memory; what belongs to a single file is looked for beside it
 * @param count  of @p paths, at least 1
 * @return NULL; UNSUPPORTED for what is no dump, or of a kind that dill does not read; BAD_DATA;
 * INVALID_ARGUMENT for files that do not belong together, or a memory map that does not fit; OS;
 * LIMIT; NO_MEMORY
 */
DILL_MUST_CHECK struct dill_error *dill_session_open_files(
	const char *const *paths, size_t count, const struct dill_session_options *options,
	struct dill_session **ret);

/** Close a session and its target; NULL is allowed. */
void dill_session_close(struct dill_session *session);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
