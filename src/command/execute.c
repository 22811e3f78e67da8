/* SPDX-License-Identifier: MIT */
#include "command/arguments.h"
#include "command/command.h"
#include "command/help.h"

/* Give ADDRESS options that are no plain numbers their value; needs the target. */
static struct dill_error *resolve_addresses(struct command_call *call)
{
	for (size_t i = 0; i < COMMAND_OPTIONS_MAX && call->command->options[i].name; i++) {
		if (call->command->options[i].kind != ARGUMENT_ADDRESS || !call->options[i].given)
			continue;

		struct dill_error *error = session_address(call->session, call->options[i].text,
							   &call->options[i].number);

		if (error)
			return dill_error_add_context(error, "--%s",
						      call->command->options[i].name);
	}
	return NULL;
}

/* Both went wrong: what stopped the answer, and that the target may not be as it was found. */
static struct dill_error *join(struct dill_error *error, struct dill_error *end_error)
{
	if (!error || !end_error)
		return error ? error : end_error;

	struct dill_error *both =
		dill_error_new(dill_error_code(error), "%s; and then: %s", dill_error_text(error),
			       dill_error_text(end_error));

	dill_error_free(error);
	dill_error_free(end_error);
	return both;
}

static struct dill_error *run_on_target(struct command_call *call)
{
	if (!call->session)
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
				      "no target: give one with -r HOST:PORT (a gdbstub, such as "
				      "qemu -s), -c FILE (a dump, a recording) or --live");
	TRY(session_begin(call->session));

	struct dill_error *error = resolve_addresses(call);

	if (!error)
		error = call->command->run(call);
	error = session_explain(call->session, error);
	return join(error, session_end(call->session));
}

static struct dill_error *run(struct command_call *call, const struct common_given *common)
{
	if (common->help)
		return help_emit(call->command, call->arena, call->sink);
	return call->command->needs_target ? run_on_target(call) : call->command->run(call);
}

/* "[module]" behind "leak_one+0x19", as a kernel's log has it: one address in two words. */
static bool is_module_of(const char *word, const char *before)
{
	size_t length = strlen(word);

	return length > 2 && word[0] == '[' && word[length - 1] == ']' && strstr(before, "+0x");
}

static struct dill_error *join_modules(int *argc, const char *const **argv, struct arena *arena)
{
	const char **words = arena_alloc_array(arena, (size_t)*argc + 1, sizeof(*words));
	int count = 0;

	if (!words)
		return error_no_memory();
	for (int i = 0; i < *argc; i++) {
		const char *word = (*argv)[i];

		if (count < 2 || !is_module_of(word, words[count - 1])) {
			words[count++] = word;
			continue;
		}
		words[count - 1] = arena_format(arena, "%s %s", words[count - 1], word);
		if (!words[count - 1])
			return error_no_memory();
	}
	*argc = count;
	*argv = words;
	return NULL;
}

static struct dill_error *execute(struct session *session, int argc, const char *const *argv,
				  const struct output *output, bool *ret_findings)
{
	struct command_call call = {.session = session};
	struct common_given common;
	struct output fitted = *output;
	_cleanup_(arena_freep)
	struct arena *arena = NULL;
	_cleanup_(render_freep)
	struct render *render = NULL;

	if (argc < 1)
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT, "no command given");
	TRY(arena_new(&arena));
	TRY(join_modules(&argc, &argv, arena));
	TRY(command_find(argv[0], &call.command));
	call.arena = arena;
	TRY(arguments_parse(call.command, argc, argv, &call, &common));
	if (common.json)
		fitted.format = RENDER_JSON;
	if (common.wide)
		fitted.width = 0;
	if (!output->sink)
		TRY(render_new(&fitted, fitted.format, &render));
	call.screen = render && fitted.screen && fitted.format == RENDER_TEXT;
	call.wide = common.wide;
	call.output = output;
	call.sink = render ? render_sink(render) : output->sink;

	/* The target is given back before the last output is written, which may take its time in a
	 * pager. */
	struct dill_error *error = run(&call, &common);

	*ret_findings = call.findings;
	return join(error, render ? render_finish(render) : NULL);
}

struct dill_error *command_execute(struct session *session, int argc, const char *const *argv,
				   const struct output *output, enum command_status *ret)
{
	bool findings = false;
	struct dill_error *error = execute(session, argc, argv, output, &findings);

	*ret = error ? COMMAND_FAILED : findings ? COMMAND_FINDINGS : COMMAND_OK;
	return error;
}

bool command_wants_target(int argc, const char *const *argv)
{
	struct command_call call = {0};
	struct common_given common;
	_cleanup_(arena_freep)
	struct arena *arena = NULL;
	struct dill_error *error;

	if (argc < 1)
		return false;
	error = arena_new(&arena);
	if (!error)
		error = join_modules(&argc, &argv, arena);
	if (!error)
		error = command_find(argv[0], &call.command);
	call.arena = arena;
	if (!error)
		error = arguments_parse(call.command, argc, argv, &call, &common);
	if (error) {
		dill_error_free(error);
		return false;
	}
	return call.command->needs_target && !common.help;
}

bool command_streams(int argc, const char *const *argv)
{
	const struct command *command;
	struct dill_error *error;

	if (argc < 1)
		return false;
	error = command_find(argv[0], &command);
	if (!error)
		return command->streams;
	dill_error_free(error);
	return false;
}
