/* SPDX-License-Identifier: MIT */
#include "cli/standard_output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/signals.h"
#include "command/command.h"

#define HOLD ((size_t)16 << 20)

static bool reader_gone;
static int reserved[STDERR_FILENO + 1]; /* open until the program ends */

void standard_descriptors_reserve(void)
{
	for (int descriptor = 0; descriptor <= STDERR_FILENO; descriptor++)
		if (fcntl(descriptor, F_GETFD) < 0)
			/* Takes the lowest free number, this one. Writing there still fails. */
			reserved[descriptor] = open("/dev/null", O_RDONLY);
}

static struct dill_error *write_all(void *context, const char *bytes, size_t length)
{
	struct pager *pager = context;
	bool taken = false;

	if (pager)
		TRY(pager_write(pager, bytes, length, &taken));
	if (taken)
		return NULL;
	while (length) {
		ssize_t written = write(STDOUT_FILENO, bytes, length);

		if (written < 0 && errno != EINTR) {
			reader_gone |= errno == EPIPE;
			return dill_error_new_os(errno, "cannot write the answer");
		}
		if (written > 0) {
			bytes += written;
			length -= (size_t)written;
		}
		/* A signal cut the write short: a reader that does not read must not hold up the
		 * end, with the target stopped perhaps. */
		if (length && signals_interrupted(NULL))
			return error_interrupted();
	}
	return NULL;
}

static bool is_dumb(void)
{
	const char *terminal = getenv("TERM");

	return !terminal || !strcmp(terminal, "dumb");
}

static bool wants_color(const struct options *options)
{
	const char *no_color = getenv("NO_COLOR");

	if (options->color != COLOR_AUTO)
		return options->color == COLOR_ALWAYS;
	return isatty(STDOUT_FILENO) && !(no_color && *no_color) && !is_dumb();
}

struct output standard_output(const struct options *options, struct pager *pager)
{
	struct winsize size = {0};
	bool terminal = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0;
	bool pages = pager && terminal && !options->no_pager && !is_dumb() && pager_command();

	return (struct output){
		.write = write_all,
		.context = pages ? pager : NULL,
		.color = wants_color(options),
		.width = terminal ? size.ws_col : 0,
		/* A terminal takes everything at once; a pager takes it when its user scrolls. */
		.hold = terminal && !pages ? 0 : HOLD,
		.interrupted = signals_interrupted,
		.format = options->json ? RENDER_JSON : RENDER_TEXT,
		.screen = terminal,
	};
}

void standard_output_close(void)
{
	bool failed = ferror(stdout) != 0;

	if (fflush(stdout) == 0 && !failed)
		return;
	fprintf(stderr, "dill: cannot write the answer: %s\n", strerror(errno));
	_exit(COMMAND_FAILED);
}

bool standard_output_is_gone(void)
{
	return reader_gone;
}
