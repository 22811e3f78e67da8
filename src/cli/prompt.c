/* SPDX-License-Identifier: MIT */
#include "cli/prompt.h"

#include <histedit.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/prompt_complete.h"
#include "cli/prompt_history.h"
#include "cli/signals.h"
#include "command/session.h"

static char *prompt_text(EditLine *editor)
{
	static char text[] = "dill> ";

	(void)editor;
	return text;
}

static bool is_quit(const char *line)
{
	char word[8], more[2];

	return sscanf(line, "%7s %1s", word, more) == 1 &&
	       (!strcmp(word, "quit") || !strcmp(word, "exit"));
}

/* Read and run lines until the end. */
static int read_lines(struct program *program, EditLine *editor, struct prompt_history *history)
{
	int length;

	for (;;) {
		const char *line = el_gets(editor, &length);

		if (signals_received() == SIGINT) { /* drops the line; another signal ends dill */
			signals_reset();
			fputc('\n', stderr);
			continue;
		}
		if (signals_received())
			return 128 + signals_received();
		if (!line || length <= 0) {
			fputc('\n', stderr);
			return COMMAND_OK;
		}
		prompt_history_add(history, line);
		if (is_quit(line))
			return COMMAND_OK;

		int status = program_run_line(program, line);

		signals_reset();
		if (signals_received())
			return 128 + signals_received();
		if (status == 128 + SIGPIPE)
			return status;
	}
}

static EditLine *editor_new(struct program *program, struct prompt_history *history)
{
	/* Answers may go elsewhere; the prompt goes to the person. */
	FILE *output = isatty(STDOUT_FILENO) ? stdout : stderr;
	EditLine *editor = el_init("dill", stdin, output, stderr);

	if (!editor)
		return NULL;
	el_set(editor, EL_CLIENTDATA, program);
	el_set(editor, EL_PROMPT, prompt_text);
	el_set(editor, EL_EDITOR, "emacs");
	el_set(editor, EL_SIGNAL, 0); /* signals.c has them */
	el_set(editor, EL_ADDFN, "dill-complete", "complete the word", prompt_complete);
	el_set(editor, EL_BIND, "^I", "dill-complete", NULL);
	prompt_history_attach(history, editor);
	el_source(editor, NULL); /* the user's ~/.editrc */
	return editor;
}

/* The release of the kernel: the third word of its banner. */
static struct dill_error *find_release(struct program *program, char *ret, size_t size)
{
	struct dill_error *error, *end_error;
	struct kernel *kernel;

	TRY(session_begin(program->session));
	error = session_kernel(program->session, &kernel);
	if (!error) {
		const char *word = kernel_facts(kernel)->banner;

		for (int i = 0; i < 2; i++) {
			word += strcspn(word, " ");
			word += strspn(word, " ");
		}
		snprintf(ret, size, "%.*s", (int)strcspn(word, " "), word);
	}
	end_error = session_end(program->session);
	if (!error)
		return end_error;
	dill_error_free(end_error);
	return error;
}

/* Two lines for a person: what is looked at, and how to go on. */
static void greet(struct program *program)
{
	const struct options *options = program->options;
	const char *what = options->running_system ? "the running system" : options->file;
	char release[80] = "";
	struct dill_error *error;

	if (!isatty(STDIN_FILENO))
		return;
	if (!program->session) {
		fputs("dill without a target: -r HOST:PORT, -c FILE or --live gives one\n", stderr);
	} else {
		error = find_release(program, release, sizeof(release));
		if (error)
			program_report(error);
		else
			fprintf(stderr, "%s, Linux %s\n", what ? what : options->remote, release);
	}
	fputs("\"help\" lists the commands, \"exit\" or Ctrl-D ends\n", stderr);
}

int prompt_run(struct program *program)
{
	struct prompt_history history = {0};
	struct dill_error *error = program_open(program);

	if (error) {
		program_report(error);
		return signals_received() ? 128 + signals_received() : COMMAND_FAILED;
	}
	greet(program);
	prompt_history_open(&history);

	EditLine *editor = editor_new(program, &history);
	int status = COMMAND_FAILED;

	if (editor)
		status = read_lines(program, editor, &history);
	else
		program_report(error_no_memory());
	prompt_history_close(&history);
	if (editor)
		el_end(editor);
	return status;
}
