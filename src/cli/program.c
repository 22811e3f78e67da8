/* SPDX-License-Identifier: MIT */
#include "cli/program.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/signals.h"
#include "cli/standard_output.h"
#include "command/open_target.h"
#include "command/words.h"
#include "render/fold.h"
#include "target/recorder.h"

#define WIDTH_MIN 20 /* a narrower terminal says nonsense, or cannot be read anyway */

/* One line, or as many as the terminal needs. */
static void say(const char *text)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf line = {0};
	struct winsize size = {0};

	strbuf_append_format(&line, "dill: %s\n", text);
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= WIDTH_MIN)
		fold_lines(&line, 0, size.ws_col);
	fputs(line.failed ? "dill: out of memory\n" : strbuf_get(&line), stderr);
}

static void log_remark(void *context, const char *text)
{
	(void)context;
	say(text);
}

/* A trace that Ctrl-C has ended goes on to its summary, which reads memory. */
static void accept_interrupt(void *context)
{
	(void)context;
	signals_accept();
}

static const struct dill_host host = {
	.interrupted = signals_interrupted,
	.accept_interrupt = accept_interrupt,
	.log = log_remark,
};

/* Put a recorder around the target when one is wanted. */
static struct dill_error *wrap(struct program *program, const struct dill_target_ops **ops,
			       void **context)
{
	if (!program->options->record_path)
		return NULL;
	TRY(recorder_new(program->options->record_path, *ops, *context, &program->recorder));
	*ops = &recorder_ops;
	*context = program->recorder;
	return NULL;
}

struct dill_error *program_open(struct program *program)
{
	const struct options *options = program->options;
	struct target_options target_options = {
		.remote = options->remote,
		.file = options->file,
		.more_files = options->more_files.items,
		.more_count = options->more_files.count,
		.memory_map = options->memory_map,
		.running_system = options->running_system,
		.no_direct = options->no_direct,
		.leave_stopped = options->leave_stopped,
		.timeout_s = options->timeout_s,
		.host = host,
	};
	struct session_options session_options = {
		.image_path = options->image_path,
		.types_path = options->types_path,
		.kernel_choice = options->kernel,
		.no_cache = options->no_cache,
		.hide = options->hide,
		.host = host,
	};
	const struct dill_target_ops *ops;
	void *context;

	if (!options->remote && !options->file && !options->running_system)
		return NULL;
	TRY(command_target_open(&target_options, &ops, &context));
	TRY(wrap(program, &ops, &context));

	struct dill_error *error = session_new(ops, context, &session_options, &program->session);

	if (error) /* which has closed the target */
		program->recorder = NULL;
	return error;
}

static int save_recording(struct program *program, int status)
{
	uint64_t pages, bytes;
	char text[128];
	struct dill_error *error = recorder_save(program->recorder, &pages, &bytes);

	if (error) {
		program_report(error);
		return status > COMMAND_FAILED ? status : COMMAND_FAILED;
	}
	snprintf(text, sizeof(text), "recorded %" PRIu64 " pages in %" PRIu64 " bytes", pages,
		 bytes);
	log_remark(NULL, text);
	return status;
}

int program_close(struct program *program, int status)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf stats = {0};

	if (program->session && program->options->stats) {
		target_append_stats(session_target(program->session), &stats);
		log_remark(NULL, strbuf_get(&stats));
	}
	if (program->session && program->recorder)
		status = save_recording(program, status);
	program->recorder = NULL; /* closed with the session */
	session_free(steal(program->session));
	return status;
}

void program_report(struct dill_error *error)
{
	say(dill_error_text(error));
	dill_error_free(error);
}

/* Exit status for an error, which is reported unless nobody wants to know. */
static int fail(struct dill_error *error)
{
	bool interrupted = dill_error_code(error) == DILL_ERROR_INTERRUPTED;

	if (standard_output_is_gone()) {
		dill_error_free(error);
		return 128 + SIGPIPE;
	}
	program_report(error);
	return interrupted && signals_received() ? 128 + signals_received() : COMMAND_FAILED;
}

int program_run(struct program *program, int argc, const char *const *argv)
{
	struct pager pager = PAGER_NONE;
	struct output output =
		standard_output(program->options, command_streams(argc, argv) ? NULL : &pager);
	struct dill_error *error = NULL;
	enum command_status status = COMMAND_FAILED;

	if (!program->session && command_wants_target(argc, argv))
		error = program_open(program);
	if (!error)
		error = command_execute(program->session, argc, argv, &output, &status);
	/* Before a word on standard error, which is the same terminal. */
	pager_end(&pager);
	return error ? fail(error) : (int)status;
}

int program_run_line(struct program *program, const char *line)
{
	_cleanup_(words_deinitp)
	struct words words = {0};
	struct dill_error *error = words_split(line, &words);

	if (error)
		return fail(error);
	if (!words.list.count)
		return COMMAND_OK;
	if (words.list.count > INT32_MAX)
		return fail(error_no_memory());
	return program_run(program, (int)words.list.count, (const char *const *)words.list.items);
}

int program_run_input(struct program *program)
{
	_cleanup_(freep)
	char *line = NULL;
	size_t capacity = 0;
	int worst = COMMAND_OK;

	for (;;) {
		ssize_t length = getline(&line, &capacity, stdin);

		if (signals_received())
			return 128 + signals_received();
		if (length < 0)
			break;
		line[length - (line[length - 1] == '\n')] = '\0';

		int status = program_run_line(program, line);

		if (status > worst)
			worst = status;
		if (status > COMMAND_FAILED)
			break; /* interrupted, or nobody reads the answers */
	}
	if (ferror(stdin)) {
		program_report(dill_error_new_os(errno, "cannot read commands"));
		return COMMAND_FAILED;
	}
	return worst;
}
