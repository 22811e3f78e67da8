/* SPDX-License-Identifier: MIT */
#include "gdb/interrupt_watch.h"

#include <signal.h>

static volatile sig_atomic_t seen;
static struct sigaction before;
static bool watching;

static void note(int number, siginfo_t *info, void *context)
{
	seen = 1;
	if (before.sa_flags & SA_SIGINFO)
		before.sa_sigaction(number, info, context);
	else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN)
		before.sa_handler(number);
}

void interrupt_watch_begin(void)
{
	struct sigaction action;

	if (watching || sigaction(SIGINT, NULL, &before) < 0)
		return;
	action = before;
	action.sa_sigaction = note;
	action.sa_flags |= SA_SIGINFO;
	seen = 0;
	watching = sigaction(SIGINT, &action, NULL) == 0;
}

void interrupt_watch_end(void)
{
	struct sigaction now;

	/* Somebody may have put a handler of his own on top: that one stays. */
	if (watching && sigaction(SIGINT, NULL, &now) == 0 && now.sa_flags & SA_SIGINFO &&
	    now.sa_sigaction == note)
		sigaction(SIGINT, &before, NULL);
	watching = false;
}

bool interrupt_watch_take(void)
{
	bool was = seen;

	seen = 0;
	return was;
}
