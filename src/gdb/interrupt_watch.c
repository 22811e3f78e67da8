/* SPDX-License-Identifier: MIT */
#include "gdb/interrupt_watch.h"

#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* With a breakpoint so short a time ago GDB may be in the middle of another. */
#define BUSY_NS	    INT64_C(200000000)
#define PATIENCE_NS INT64_C(500000000)

/* What the handlers share with the rest: one thread, so that these are enough. */
static volatile sig_atomic_t wanted; /* the user's wish, not yet obeyed */
static struct timespec last;	     /* breakpoint */
static struct sigaction before;	     /* GDB's handler */
static int timer;		     /* the kernel's number of it */
static bool watching;

/*
 * The C library's functions for timers moved from librt to libc in 2.34: a module that is built
 * there does not load with an older one. The system calls are the same everywhere.
 */
static bool make_timer(int number)
{
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = number};

	return syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer) == 0;
}

static void set_timer(int64_t ns)
{
	struct itimerspec when = {.it_value.tv_nsec = ns};

	syscall(SYS_timer_settime, timer, 0, &when, NULL);
}

static void delete_timer(void)
{
	syscall(SYS_timer_delete, timer);
}

/* A signal that neither GDB nor Python uses. */
static int timer_signal(void)
{
	return SIGRTMIN + 7;
}

static bool is_busy(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - last.tv_sec) * INT64_C(1000000000) + (now.tv_nsec - last.tv_nsec) <
	       BUSY_NS;
}

/* GDB puts its own handler in place of ours meanwhile: it is asked at most once. */
static void pass_on(void)
{
	if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN)
		before.sa_handler(SIGINT);
}

/* The wish stays until the target has stopped, whoever stops it: GDB may forget what it was told.
 */
static void note(int number)
{
	bool again = wanted;

	(void)number;
	wanted = 1;
	if (again || !is_busy())
		pass_on();
	else
		set_timer(PATIENCE_NS);
}

static void be_impatient(int number)
{
	(void)number;
	if (wanted)
		pass_on();
}

void interrupt_watch_begin(void)
{
	struct sigaction action = {.sa_handler = be_impatient, .sa_flags = SA_RESTART};

	if (watching || sigaction(timer_signal(), &action, NULL) < 0)
		return;
	wanted = 0;
	last = (struct timespec){0};
	watching = make_timer(timer_signal());
}

void interrupt_watch_end(void)
{
	if (!watching)
		return;
	interrupt_watch_stopped();
	delete_timer();
	watching = false;
}

void interrupt_watch_resumed(void)
{
	struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART}, now;

	if (!watching || sigaction(SIGINT, NULL, &now) < 0 || now.sa_handler == note ||
	    now.sa_flags & SA_SIGINFO)
		return;
	before = now;
	sigaction(SIGINT, &action, NULL);
}

void interrupt_watch_stopped(void)
{
	struct sigaction now;

	if (!watching)
		return;
	set_timer(0);
	/* Somebody may have put a handler of his own on top: that one stays. */
	if (sigaction(SIGINT, NULL, &now) == 0 && now.sa_handler == note)
		sigaction(SIGINT, &before, NULL);
	wanted = 0;
}

void interrupt_watch_request(void)
{
	wanted = watching;
}

bool interrupt_watch_at_breakpoint(void)
{
	clock_gettime(CLOCK_MONOTONIC, &last);
	if (!wanted)
		interrupt_watch_resumed();
	return wanted;
}
