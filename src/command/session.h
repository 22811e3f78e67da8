/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_SESSION_H
#define COMMAND_SESSION_H

#include "kernel/kernel.h"
#include "slub/heap.h"
#include "target/target.h"

/**
 * One target and everything dill knows of it. What does not change while the kernel runs (symbols,
 * types, layout) is found at the first command that needs it and kept.
 */
struct session;

struct session_options {
	const char
		*image_path;   /**< vmlinux or bzImage, copied; NULL = everything from the target */
	bool image_is_offered; /**< as kernel_options.image_is_offered */
	const char *kernel_choice; /**< as kernel_options.choice, copied */
	const char *types_path;	   /**< as kernel_options.types_path, copied */
	bool no_cache;		   /**< as kernel_options.no_cache */
	unsigned hide;		   /**< as kernel_options.hide */
	struct dill_host host;
	/**
	 * Optional: evaluate an address expression that is no number and no symbol (GDB's own
	 * expressions). Gets the host's context; runs between begin and end.
	 */
	struct dill_error *(*evaluate)(void *context, const char *expression, uint64_t *ret);
	/** Optional: the kernel and heap that were handed out are about to go, because another
	 * kernel runs or the session ends. Gets the host's context. */
	void (*forget)(void *context);
	/** Optional: the CPU that the host's user has selected (a thread in GDB); false = none.
	 * Gets the host's context; runs between begin and end. */
	bool (*selected_cpu)(void *context, unsigned *ret);
};

/** @param ops, context  as for target_new(): taken over, closed by session_free() and on error.
 * Touches nothing yet. */
DILL_MUST_CHECK struct dill_error *session_new(const struct dill_target_ops *ops, void *context,
					       const struct session_options *options,
					       struct session **ret);
/** Closes the target; never between begin and end. */
void session_free(struct session *session);
DEFINE_CLEANUP(struct session *, session_free)

/**
 * Bracket around everything that reads the target. begin() makes the target ready; a kernel that
 * was known before is checked to be still the same, and forgotten when it is not. Every successful
 * begin() needs one end(), on success and on failure; a failed begin() has undone itself.
 */
DILL_MUST_CHECK struct dill_error *session_begin(struct session *session);
DILL_MUST_CHECK struct dill_error *session_end(struct session *session);

/**
 * Before session_end(): an error with what the target lacks behind it, as that may be why. Else the
 * end logs it.
 * @param error  may be NULL; taken over
 */
DILL_MUST_CHECK struct dill_error *session_explain(struct session *session,
						   struct dill_error *error);

/** The kernel, found at the first call; between begin and end. Borrowed, valid until the end. */
DILL_MUST_CHECK struct dill_error *session_kernel(struct session *session, struct kernel **ret);
/** The heap, its layout resolved at the first call; between begin and end. Borrowed, valid until
 * the end. */
DILL_MUST_CHECK struct dill_error *session_heap(struct session *session, struct heap **ret);
/**
 * The kernel's types, for showing them. Those of a file that may be another kernel's are checked on
 * the target, as far as it has what they describe.
 * @return NULL; INVALID_ARGUMENT when they do not describe this kernel; what kernel_types() returns
 */
DILL_MUST_CHECK struct dill_error *session_types(struct session *session, struct types **ret);
/** Borrowed; lives as long as the session. */
struct target *session_target(struct session *session);

/** A trace of this kernel has been written to a file: session_trace() gives it until another kernel
 * runs. A path that cannot be kept is forgotten. */
void session_set_trace(struct session *session, const char *path);
/** Path of the trace that was written last; NULL when there is none. */
const char *session_trace(const struct session *session);

/**
 * An address as people write it: a number (decimal, 0x, or 16 hexadecimal digits as kernel logs
 * print them) or a symbol of the kernel or a module, either with +NUMBER or -NUMBER behind it, or
 * as a kernel's log has it ("vfs_read+0xc2/0x490", "leak_one+0x19 [module]"), else the host's
 * evaluate(), or a value function where the host has none.
 * Between begin and end.
 * @return NULL; NOT_FOUND for an unknown symbol; INVALID_ARGUMENT; what finding the kernel failed
 * with
 */
DILL_MUST_CHECK struct dill_error *session_address(struct session *session, const char *text,
						   uint64_t *ret);

/** The CPU that the user has selected in the host; false when the host knows no such thing. Between
 * begin and end. */
bool session_selected_cpu(struct session *session, unsigned *ret);

#endif
