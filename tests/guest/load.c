/*
 * load [SECONDS]: keep the slab allocator busy on every CPU, for SECONDS or until killed.
 *
 * On each online CPU runs one process of each kind, bound to it and with the comm "load-KIND":
 * files, sockets, pipes, forks, messages. Each holds up to HELD of its things and replaces the
 * oldest, so that objects are freed in another order than a mere alternation would.
 *
 * Prints "ready WORKERS" when all were started and, when SECONDS are over or at SIGTERM or SIGINT,
 * "done" and the turns of each kind. The workers end with the parent, whatever ends it; after
 * SIGKILL the System V queues stay.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define HELD	    32
#define MAX_WORKERS 512

struct kind {
	const char *name;
	void (*turn)(unsigned long turn);
};

struct worker {
	pid_t pid;
	int queue; /* for messages; created by the parent, who outlives the worker and removes it */
	unsigned long *turns;
};

/* In a worker: its own entry. */
static struct worker *self;

static void __attribute__((noreturn)) fail(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void files(unsigned long turn)
{
	static int held[HELD];
	int *slot = &held[turn % HELD];

	if (*slot)
		close(*slot);
	*slot = open("/proc/self/status", O_RDONLY);
	if (*slot < 0)
		fail("open");
}

static void sockets(unsigned long turn)
{
	static int held[HELD][2];
	int *pair = held[turn % HELD];
	char bytes[300] = "";

	if (pair[0]) {
		close(pair[0]);
		close(pair[1]);
	}
	/* The bytes are never received: their buffer lives as long as the socket. */
	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) != 0 ||
	    send(pair[0], bytes, turn % sizeof(bytes), 0) < 0)
		fail("socketpair");
}

static void pipes(unsigned long turn)
{
	static int held[HELD][2];
	int *ends = held[turn % HELD];

	if (ends[0]) {
		close(ends[0]);
		close(ends[1]);
	}
	if (pipe(ends) != 0 || write(ends[1], "x", 1) != 1)
		fail("pipe");
}

static void forks(unsigned long turn)
{
	pid_t child = fork();

	(void)turn;
	if (child == 0)
		_exit(0);
	if (child < 0 || waitpid(child, NULL, 0) != child)
		fail("fork");
}

static void messages(unsigned long turn)
{
	struct {
		long type;
		char text[1000];
	} message = {.type = 1};

	if (msgsnd(self->queue, &message, turn * 37 % sizeof(message.text), 0) != 0)
		fail("msgsnd");
	if (turn >= HELD && msgrcv(self->queue, &message, sizeof(message.text), 0, 0) < 0)
		fail("msgrcv");
}

static const struct kind kinds[] = {
	{"files", files}, {"sockets", sockets},	  {"pipes", pipes},
	{"forks", forks}, {"messages", messages},
};

#define KIND_COUNT (sizeof(kinds) / sizeof(kinds[0]))

static void __attribute__((noreturn)) work(const struct kind *kind, int cpu)
{
	char name[16];
	cpu_set_t set;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == 1)
		exit(0);
	snprintf(name, sizeof(name), "load-%s", kind->name);
	prctl(PR_SET_NAME, name);
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) != 0)
		fail("sched_setaffinity");
	for (;;)
		kind->turn((*self->turns)++);
}

static void start(struct worker *worker, const struct kind *kind, int cpu)
{
	worker->queue = msgget(IPC_PRIVATE, 0600);
	if (worker->queue < 0)
		fail("msgget");
	worker->pid = fork();
	if (worker->pid < 0)
		fail("fork");
	if (worker->pid == 0) {
		self = worker;
		work(kind, cpu);
	}
}

static void end(const struct worker *worker)
{
	kill(worker->pid, SIGKILL);
	waitpid(worker->pid, NULL, 0);
	msgctl(worker->queue, IPC_RMID, NULL);
}

int main(int argc, char **argv)
{
	struct timespec duration = {.tv_sec = argc > 1 ? atol(argv[1]) : 0};
	static struct worker workers[MAX_WORKERS];
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	size_t count = (size_t)cpus * KIND_COUNT;
	unsigned long *turns;
	sigset_t awaited;

	if (cpus < 1 || count > MAX_WORKERS) {
		errno = ERANGE;
		fail("number of CPUs");
	}
	turns = mmap(NULL, count * sizeof(*turns), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (turns == MAP_FAILED)
		fail("mmap");
	for (size_t i = 0; i < count; i++) {
		workers[i].turns = &turns[i];
		start(&workers[i], &kinds[i % KIND_COUNT], (int)(i / KIND_COUNT));
	}
	sigemptyset(&awaited);
	sigaddset(&awaited, SIGTERM);
	sigaddset(&awaited, SIGINT);
	/* No worker ends by itself, unless something is wrong. */
	sigaddset(&awaited, SIGCHLD);
	sigprocmask(SIG_BLOCK, &awaited, NULL);
	printf("ready %zu\n", count);
	fflush(stdout);

	int signal = duration.tv_sec ? sigtimedwait(&awaited, NULL, &duration)
				     : sigwaitinfo(&awaited, NULL);

	for (size_t i = 0; i < count; i++)
		end(&workers[i]);
	printf("done");
	for (size_t i = 0; i < KIND_COUNT; i++) {
		unsigned long sum = 0;

		for (size_t worker = i; worker < count; worker += KIND_COUNT)
			sum += turns[worker];
		printf(" %s %lu", kinds[i].name, sum);
	}
	printf("\n");
	return signal == SIGCHLD;
}
