/* SPDX-License-Identifier: MIT */
#include "cli/signals.h"

#include <signal.h>
#include <stddef.h>

/* A handler has no other way to say something. */
static volatile sig_atomic_t received; /* the signal that the exit status tells of */
static volatile sig_atomic_t asked;    /* whether what runs is still to stop */

static void note(int number)
{
	/* One that ends dill counts more than one that ends a command. */
	if (!received || received == SIGINT)
		received = number;
	asked = true;
}

void signals_install(void)
{
	static const int noted[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction action = {.sa_handler = note}; /* no SA_RESTART: waiting reads return */
	struct sigaction old;

	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof(noted) / sizeof(noted[0]); i++) {
		/* nohup and background jobs of simple shells ignore some: leave it so. */
		if (sigaction(noted[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaction(noted[i], &action, NULL);
	}
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);
}

int signals_received(void)
{
	return received;
}

void signals_reset(void)
{
	if (received == SIGINT) {
		received = 0;
		asked = false;
	}
}

void signals_accept(void)
{
	asked = false;
}

bool signals_interrupted(void *context)
{
	(void)context;
	return asked;
}
