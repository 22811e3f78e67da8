/* SPDX-License-Identifier: MIT */
/*
 * Arbitrary bytes as a command line: split, parsed against every command's tables, completed, and
 * run without a target.
 */
#include <stdlib.h>
#include <string.h>

#include "command/arguments.h"
#include "command/words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct dill_error *swallow(void *context, const char *bytes, size_t length)
{
	(void)context;
	if (memchr(bytes, '\0', length))
		abort();
	return NULL;
}

static void parse(const struct command *command, int argc, const char *const *argv)
{
	_cleanup_(arena_freep)
	struct arena *arena = NULL;
	struct command_call call = {0};
	struct common_given common;
	struct dill_error *error = arena_new(&arena);

	call.arena = arena;
	if (!error)
		error = arguments_parse(command, argc, argv, &call, &common);
	if (error) {
		if (dill_error_code(error) != DILL_ERROR_INVALID_ARGUMENT)
			abort();
		dill_error_free(error);
		return;
	}
	if (call.argument_count > (size_t)argc)
		abort();
	for (size_t i = 0; i < call.argument_count; i++)
		if (!call.arguments[i])
			abort();
	for (size_t i = 0; i < COMMAND_OPTIONS_MAX && command->options[i].name; i++)
		if (call.options[i].given &&
		    !call.options[i].text != (command->options[i].kind == ARGUMENT_NONE))
			abort();
}

static void complete(const char *line)
{
	struct completions found = {0};

	dill_error_free(command_complete(NULL, line, &found));
	for (size_t i = 1; i < found.words.count; i++)
		if (strcmp(found.words.items[i - 1], found.words.items[i]) >= 0)
			abort();
	completions_deinit(&found);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct output output = {.write = swallow, .width = 80};
	enum command_status status;
	struct words words = {0};
	char *line = strndup((const char *)data, size);

	if (!line)
		return 0;
	complete(line);

	struct dill_error *error = words_split(line, &words);

	if (!error && words.list.count) {
		const char *const *argv = (const char *const *)words.list.items;

		for (size_t i = 0; commands[i]; i++)
			parse(commands[i], (int)words.list.count, argv);
		error = command_execute(NULL, (int)words.list.count, argv, &output, &status);
		if (!error != (status != COMMAND_FAILED))
			abort();
	}
	dill_error_free(error);
	words_deinit(&words);
	free(line);
	return 0;
}
