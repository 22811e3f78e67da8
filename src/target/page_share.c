/* SPDX-License-Identifier: MIT */
#include "target/page_share.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>

/*
 * As with base/file_status.h: built with glibc 2.34 or newer these would be symbols that keep the
 * plugin out of GDBs with an older C library. There they are in libpthread, which GDB needs itself.
 */
#ifdef DILL_OLD_GLIBC
__asm__(".symver pthread_create, pthread_create@GLIBC_2.2.5");
__asm__(".symver pthread_join, pthread_join@GLIBC_2.2.5");
#endif

/* Taken at a time: about 0.1 ms of unpacking, so that all workers end together. */
#define PART_PAGES 8u
/* For fewer pages a thread costs as much as it saves. */
#define PAGES_PER_WORKER 16u

struct share {
	struct dill_page_request *requests;
	size_t count;
	page_share_reader read;
	void *context;
	atomic_size_t next;
};

struct worker {
	struct share *share;
	unsigned number;
	pthread_t thread;
};

unsigned page_share_workers(void)
{
	cpu_set_t cpus;
	int count;

	if (sched_getaffinity(0, sizeof(cpus), &cpus) != 0)
		return 1;
	count = CPU_COUNT(&cpus);
	if (count < 1)
		return 1;
	return count < (int)PAGE_SHARE_WORKERS_MAX ? (unsigned)count : PAGE_SHARE_WORKERS_MAX;
}

static void work(struct share *share, unsigned number)
{
	size_t first;

	while ((first = atomic_fetch_add(&share->next, PART_PAGES)) < share->count)
		for (size_t i = first; i < share->count && i < first + PART_PAGES; i++)
			share->read(share->context, number, &share->requests[i]);
}

static void *run(void *argument)
{
	const struct worker *worker = argument;

	work(worker->share, worker->number);
	return NULL;
}

/* Start threads for workers 1 and on; returns how many there are. A thread inherits which signals
 * are blocked: all that other threads wait for, and not those of its own mistakes, such as
 * SIGBUS (file_map.c). */
static unsigned start(struct share *share, struct worker *workers, unsigned count)
{
	static const int own[] = {SIGBUS, SIGSEGV, SIGILL, SIGFPE};
	unsigned started = 0;
	sigset_t all, before;

	sigfillset(&all);
	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
		sigdelset(&all, own[i]);
	if (sigprocmask(SIG_SETMASK, &all, &before) != 0)
		return 0;
	for (; started < count; started++) {
		struct worker *worker = &workers[started];

		*worker = (struct worker){.share = share, .number = started + 1};
		if (pthread_create(&worker->thread, NULL, run, worker) != 0)
			break;
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	return started;
}

void page_share(unsigned workers, struct dill_page_request *requests, size_t count,
		page_share_reader read, void *context)
{
	struct share share = {requests, count, read, context, 0};
	struct worker others[PAGE_SHARE_WORKERS_MAX - 1] = {0};
	unsigned wanted, started = 0;

	if (workers > PAGE_SHARE_WORKERS_MAX)
		workers = PAGE_SHARE_WORKERS_MAX;
	wanted =
		count / PAGES_PER_WORKER < workers ? (unsigned)(count / PAGES_PER_WORKER) : workers;
	if (wanted > 1)
		started = start(&share, others, wanted - 1);
	work(&share, 0);
	for (unsigned i = 0; i < started; i++)
		pthread_join(others[i].thread, NULL);
}
