/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_SESSION_H
#define COMMAND_SESSION_H

#include "kernel/kernel.h"
#include "slub/heap.h"
#include "target/memory.h"

/**
 * One target and everything dill knows of it. What does not change while the kernel runs (symbols,
 * types, layout) is found at the first command that needs it and kept.
 */
struct session;

struct session_options {
	const char *image_path; /**< vmlinux or bzImage; NULL = everything from the target */
	struct dill_host host;
	/** Optional: evaluate an address expression that is no number and no symbol (GDB's own
	 * expressions). */
	struct dill_error *(*evaluate)(void *context, const char *expression, uint64_t *ret);
};

/** @param ops, context  as for memory_new(): taken over, closed by session_free() and on error.
 * Touches nothing yet. */
DILL_MUST_CHECK struct dill_error *session_new(const struct dill_target_ops *ops, void *context,
					       const struct session_options *options,
					       struct session **ret);
void session_free(struct session *session);
DEFINE_CLEANUP(struct session *, session_free)

/**
 * Bracket around everything that reads the target. begin() makes the target ready; a kernel that
 * was known before is checked to be still the same, and forgotten when it is not. Every successful
 * begin() needs one end(), on success and on failure.
 */
DILL_MUST_CHECK struct dill_error *session_begin(struct session *session);
DILL_MUST_CHECK struct dill_error *session_end(struct session *session);

/** The kernel, found at the first call; between begin and end. */
DILL_MUST_CHECK struct dill_error *session_kernel(struct session *session, struct kernel **ret);
/** The heap, its layout resolved at the first call; between begin and end. */
DILL_MUST_CHECK struct dill_error *session_heap(struct session *session, struct heap **ret);
struct memory *session_memory(struct session *session);

/** An address as people write it: number, symbol, symbol+offset, else the host's evaluate(). */
DILL_MUST_CHECK struct dill_error *session_address(struct session *session, const char *text,
						   uint64_t *ret);

#endif
