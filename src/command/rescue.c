/* SPDX-License-Identifier: MIT */
#include "command/registry.h"

static struct dill_error *run(struct command_call *call)
{
	struct memory *memory = session_memory(call->session);
	struct dill_runner runner;

	TRY(memory_runner(memory, &runner));
	TRY(runner.ops->release(runner.context));
	memory_log(memory, "the guest runs, without breakpoints");
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
