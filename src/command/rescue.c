/* SPDX-License-Identifier: MIT */
#include "command/registry.h"

static struct dill_error *run(struct command_call *call)
{
	struct target *target = session_target(call->session);
	struct dill_runner runner;

	TRY(target_runner(target, &runner));
	TRY(runner.ops->release(runner.context));
	target_log(target, "the guest runs, without breakpoints");
	return NULL;
}

const struct command rescue_command = {
	.name = "rescue",
	.summary = "Let a guest run that a debugger has left stopped",
	.help = "For a guest whose debugger or tracer was killed: its breakpoints are removed and "
		"it "
		"runs again. Nothing else\n"
		"is done to it.\n"
		"\n"
		"Example:\n"
		"  dill -r :1234 rescue\n",
	.needs_target = true,
	.run = run,
};
