/* SPDX-License-Identifier: MIT */
#include "gdb/interrupt_watch.h"

#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Breakpoints that come more often than this make GDB busy. */
#define BUSY_NS	   INT64_C(500000000)
#define PATIENCE_S 1

/* What the handler shares with the rest: one thread, so that these are enough. */
static volatile sig_atomic_t wanted; /* the user's wish, not yet obeyed */
static struct timespec last;	     /* breakpoint */
static struct sigaction before;
static int timer; /* the kernel's number of it */
static bool watching;

/*
 * The C library's functions for timers moved from librt to libc in 2.34: a module that is built
 * there does not load with an older one. The system calls are the same everywhere.
 */
static bool make_timer(void)
{
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGINT};

	return syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer) == 0;
}

static void set_timer(time_t seconds)
{
	struct itimerspec when = {.it_value.tv_sec = seconds};

	syscall(SYS_timer_settime, timer, 0, &when, NULL);
}

static void delete_timer(void)
{
	syscall(SYS_timer_delete, timer);
}

static bool is_busy(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - last.tv_sec) * INT64_C(1000000000) + (now.tv_nsec - last.tv_nsec) <
	       BUSY_NS;
}

static void pass_on(int number, siginfo_t *info, void *context)
{
	if (before.sa_flags & SA_SIGINFO)
		before.sa_sigaction(number, info, context);
	else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN)
		before.sa_handler(number);
}

static void note(int number, siginfo_t *info, void *context)
{
	bool by_timer = info->si_code == SI_TIMER;

	if (by_timer && !wanted) /* obeyed meanwhile */
		return;
	if (!wanted && is_busy()) {
		wanted = 1;
		set_timer(PATIENCE_S);
		return;
	}
	wanted = 0;
	pass_on(number, info, context);
}

void interrupt_watch_begin(void)
{
	struct sigaction action;

	if (watching || sigaction(SIGINT, NULL, &before) < 0 || !make_timer())
		return;
	action = before;
	action.sa_sigaction = note;
	action.sa_flags |= SA_SIGINFO;
	wanted = 0;
	last = (struct timespec){0};
	watching = sigaction(SIGINT, &action, NULL) == 0;
	if (!watching)
		delete_timer();
}

void interrupt_watch_end(void)
{
	struct sigaction now;

	if (!watching)
		return;
	/* Somebody may have put a handler of his own on top: that one stays. */
	if (sigaction(SIGINT, NULL, &now) == 0 && now.sa_flags & SA_SIGINFO &&
	    now.sa_sigaction == note)
		sigaction(SIGINT, &before, NULL);
	delete_timer();
	watching = false;
}

bool interrupt_watch_take(void)
{
	bool was = wanted;

	clock_gettime(CLOCK_MONOTONIC, &last);
	wanted = 0;
	if (was)
		set_timer(0);
	return was;
}
