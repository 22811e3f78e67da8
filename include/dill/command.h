/* SPDX-License-Identifier: MIT */
#ifndef DILL_COMMAND_H
#define DILL_COMMAND_H

#include <dill/record.h>
#include <dill/session.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma GCC visibility push(default)

enum dill_format {
	DILL_FORMAT_JSON, /**< one object per line; the fields are documented in docs/json.md */
	DILL_FORMAT_TEXT, /**< for people; its layout changes between releases */
};

/** Where an answer goes. */
struct dill_output {
	/**
	 * Take @p length bytes of the answer: many lines at once, cut anywhere. An error ends the
	 * command and is what dill_command_run() returns.
	 */
	struct dill_error *(*write)(void *context, const char *bytes, size_t length);
	void *context;
	enum dill_format format; /**< a --json among the words wins */
	bool color;		 /**< text: write ANSI escapes */
	unsigned width;		 /**< text: columns to fit in; 0 = do not cut */
};

/** What a run amounts to. */
enum dill_status {
	DILL_STATUS_OK = 0,
	DILL_STATUS_FINDINGS = 1, /**< answered, and the target's heap is broken somewhere */
	DILL_STATUS_FAILED = 2,	  /**< could not do what was asked; the error says why */
};

/**
 * Run a command as the program `dill` does, and leave the target as it was.
 *
 * @param session  NULL for commands that need no target
 * @param argc     words of @p argv, the command's name first: {"kcache", "--cpu", "1",
 * "kmalloc-64"}
 * @param output   what was written before a failure is part of the answer
 * @param ret      always set
 * @return the error behind DILL_STATUS_FAILED, else NULL
 */
DILL_MUST_CHECK struct dill_error *dill_command_run(struct dill_session *session, int argc,
						    const char *const *argv,
						    const struct dill_output *output,
						    enum dill_status *ret);

/**
 * The same, with typed records in place of bytes.
 *
 * @param sink  gets each record as it comes; borrowed. What it got before a failure is part of the
 * answer
 * @param ret   always set
 * @return the error behind DILL_STATUS_FAILED, such as one of the sink's; else NULL
 * @since 0.1
 */
DILL_MUST_CHECK struct dill_error *dill_command_run_records(struct dill_session *session, int argc,
							    const char *const *argv,
							    struct dill_sink *sink,
							    enum dill_status *ret);

#pragma GCC visibility pop

#ifdef __cplusplus
}
#endif

#endif
