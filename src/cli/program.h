/* SPDX-License-Identifier: MIT */
#ifndef CLI_PROGRAM_H
#define CLI_PROGRAM_H

#include "cli/options.h"
#include "command/command.h"

/** One run of dill: what was asked for, and the target once it is open. */
struct program {
	const struct options *options;
	struct session *session;   /**< NULL until program_open(), or without a target */
	struct recorder *recorder; /**< the session's target when it is recorded; the session's */
};

/** Open the target that the options name; none is no error. */
DILL_MUST_CHECK struct dill_error *program_open(struct program *program);

/**
 * Close the target; says what was read when --stats asks for it, and puts a recording into its
 * place.
 * @param status  exit status so far
 * @return the same, or COMMAND_FAILED when there is no recording and should be
 */
int program_close(struct program *program, int status);

/**
 * Run one command, and say on standard error what went wrong.
 * @return the exit status if this were all: enum command_status, or 128 + signal
 */
int program_run(struct program *program, int argc, const char *const *argv);

/** program_run() for a line as typed; 0 for an empty one. */
int program_run_line(struct program *program, const char *line);

/** "dill: text" on standard error; frees @p error. */
void program_report(struct dill_error *error);

/** Run the commands that standard input holds, one per line. @return the worst exit status */
int program_run_input(struct program *program);

#endif
