/* SPDX-License-Identifier: MIT */
#include "answer/command_record.h"
#include "answer/help_record.h"
#include "command/help.h"
#include "command/registry.h"

static const struct dill_record_kind *const kinds[] = {&command_kind, &help_kind, NULL};

static struct dill_error *list(struct command_call *call)
{
	for (size_t i = 0; commands[i]; i++) {
		struct dill_record *record = record_new(call->arena, &command_kind);

		if (!record)
			return error_no_memory();
		record_set_text(record, COMMAND_COLUMN_NAME, commands[i]->name);
		record_set_text(record, COMMAND_COLUMN_SUMMARY, commands[i]->summary);
		TRY(call->sink->emit(call->sink, record));
	}
	return NULL;
}

static struct dill_error *run(struct command_call *call)
{
	const struct command *command;

	if (!call->argument_count)
		return list(call);
	TRY(command_find(call->arguments[0], &command));
	return help_emit(command, call->arena, call->sink);
}

const struct command help_command = {
	.name = "help",
	.summary = "List the commands, or show how one is used",
	.help = "Without COMMAND, one line per command.\n"
		"\n"
		"Examples:\n"
		"  help\n"
		"  help kcache\n",
	.arguments = {{"COMMAND", ARGUMENT_COMMAND, .optional = true}},
	.kinds = kinds,
	.run = run,
};
