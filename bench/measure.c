/* SPDX-License-Identifier: MIT */
/*
 * measure COMMAND [ARGUMENT...]
 *
 * Runs a command with its standard output thrown away and prints one line: wall time, user time and
 * system time in microseconds, peak resident memory in KiB. The exit status is the command's, 127
 * when it cannot be started, 128 + N after signal N.
 *
 * A program of its own because a process starts with the peak of the one that made it: below a
 * Python driver every small command would seem to need as much memory as Python.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static int64_t microseconds(struct timeval time)
{
	return (int64_t)time.tv_sec * 1000000 + time.tv_usec;
}

/* In the child: never returns. */
static void become(char **command)
{
	int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);

	/* The driver ends a measurement that takes too long by ending us. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (nowhere >= 0 && dup2(nowhere, STDOUT_FILENO) >= 0)
		execvp(command[0], command);
	perror(command[0]);
	_exit(127);
}

int main(int argc, char **argv)
{
	struct rusage usage;
	int status;

	if (argc < 2) {
		fprintf(stderr, "usage: measure COMMAND [ARGUMENT...]\n");
		return 127;
	}

	int64_t start = now_us();
	pid_t child = fork();

	if (!child)
		become(argv + 1);
	if (child < 0 || wait4(child, &status, 0, &usage) != child) {
		perror("measure");
		return 127;
	}
	printf("%" PRId64 " %" PRId64 " %" PRId64 " %ld\n", now_us() - start,
	       microseconds(usage.ru_utime), microseconds(usage.ru_stime), usage.ru_maxrss);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
