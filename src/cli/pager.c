/* SPDX-License-Identifier: MIT */
#include "cli/pager.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/signals.h"

extern char **environ;

/* What only a shell understands. */
#define SHELL_CHARACTERS "|&;<>()$`\\\"' \t\n*?[#~=%"

const char *pager_command(void)
{
	const char *command = getenv("DILL_PAGER");

	if (!command)
		command = getenv("PAGER");
	if (!command)
		command = "less";
	return *command && strcmp(command, "cat") != 0 ? command : NULL;
}

/* The signals that dill handles or ignores are the pager's own again. */
static struct dill_error *spawn(const char *command, int input, pid_t *ret)
{
	const char *shell[] = {"sh", "-c", command, NULL}, *plain[] = {command, NULL};
	bool in_shell = strpbrk(command, SHELL_CHARACTERS) != NULL;
	const char *const *words = in_shell ? shell : plain;
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t defaults;

	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);

	int status =
		posix_spawnp(ret, words[0], &actions, &attributes, (char *const *)words, environ);

	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return status ? dill_error_new_os(status, "cannot run the pager \"%s\"", command) : NULL;
}

/* Without less there is no pager; one that was asked for and does not run is worth a word. */
static void start(struct pager *pager)
{
	const char *command = pager_command();
	struct dill_error *error;
	pid_t pid;
	int ends[2];

	pager->tried = true;
	if (!command || pipe2(ends, O_CLOEXEC))
		return;
	setenv("LESS", "FRX", 0);
	setenv("LV", "-c", 0);
	error = spawn(command, ends[0], &pid);
	close(ends[0]);
	if (!error) {
		pager->pipe = ends[1];
		pager->pid = pid;
		return;
	}
	close(ends[1]);
	if (getenv("DILL_PAGER") || getenv("PAGER"))
		fprintf(stderr, "dill: %s\n", dill_error_text(error));
	dill_error_free(error);
}

struct dill_error *pager_write(struct pager *pager, const char *bytes, size_t length,
			       bool *ret_taken)
{
	if (!pager->tried)
		start(pager);
	*ret_taken = pager->pipe >= 0;
	while (pager->pipe >= 0 && length && !pager->left) {
		ssize_t written = write(pager->pipe, bytes, length);

		if (written > 0) {
			bytes += written;
			length -= (size_t)written;
		} else if (errno == EPIPE) {
			pager->left = true;
		} else if (errno != EINTR) {
			return dill_error_new_os(errno, "cannot write to the pager");
		} else if (signals_received() && signals_received() != SIGINT) {
			return error_interrupted();
		}
	}
	return NULL;
}

void pager_end(struct pager *pager)
{
	if (pager->pipe < 0)
		return;
	close(pager->pipe);
	pager->pipe = -1;
	while (waitpid(pager->pid, NULL, 0) < 0 && errno == EINTR)
		if (signals_received() && signals_received() != SIGINT)
			return; /* dill is to end */
	signals_reset();
}
