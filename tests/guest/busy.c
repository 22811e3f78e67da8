/* SPDX-License-Identifier: MIT */
/*
 * busy: keep every CPU busy with files, a network, messages and processes, and check all that comes
 * back, until SIGUSR1.
 *
 * On each online CPU runs one process of each kind, bound to it and with the comm "busy-KIND". What
 * they write, send and hand over is made of a number and must come back the same.
 *
 * Prints "ready WORKERS"; after SIGUSR1, when every worker has ended its turn, "done" and the turns
 * of each kind, then "bad N": how many workers got something else back, or ended in another way.
 * Waits for its end then.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_WORKERS 64
#define BYTES	    6000

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "busy: %s: %s: %s\n", self->kind->name, #condition,        \
				strerror(errno));                                                  \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

struct kind {
	const char *name;
	void (*turn)(unsigned turn);
};

struct worker {
	const struct kind *kind;
	pid_t pid;
	int number;
	unsigned turns;
};

struct shared {
	volatile int stop;
	struct worker workers[MAX_WORKERS];
};

static struct shared *shared;
static struct worker *self; /* in a worker: its own entry */
static useconds_t rest_us;  /* what network() waits behind what first uses a part of the kernel */

/* So many bytes that nobody else has. */
static size_t make(unsigned turn, unsigned char *bytes)
{
	unsigned state = turn * 2654435761u + (unsigned)self->number;
	size_t size = 1 + (turn * 997u) % BYTES;

	for (size_t i = 0; i < size; i++) {
		state = state * 1664525u + 1013904223u;
		bytes[i] = (unsigned char)(state >> 24);
	}
	return size;
}

static void read_all(int fd, unsigned char *bytes, size_t size)
{
	for (size_t done = 0; done < size;) {
		ssize_t part = read(fd, bytes + done, size - done);

		CHECK(part > 0);
		done += (size_t)part;
	}
}

static void files(unsigned turn)
{
	static unsigned char wrote[BYTES], got[BYTES];
	size_t size = make(turn, wrote);
	char path[64], other[64];
	int fd;

	snprintf(path, sizeof(path), "/root/busy-%d-%u", self->number, turn % 5);
	snprintf(other, sizeof(other), "/root/busy-%d-moved", self->number);
	fd = open(path, O_CREAT | O_TRUNC | O_RDWR, 0600);
	CHECK(fd >= 0);
	CHECK(write(fd, wrote, size) == (ssize_t)size);
	CHECK(rename(path, other) == 0);
	CHECK(close(fd) == 0);
	fd = open(other, O_RDONLY);
	CHECK(fd >= 0);
	read_all(fd, got, size);
	CHECK(read(fd, got + size - 1, 1) == 0);
	CHECK(!memcmp(wrote, got, size));
	CHECK(close(fd) == 0);
	CHECK(unlink(other) == 0);
}

/* A connection over the loopback, there and back. */
static void network(unsigned turn)
{
	static unsigned char wrote[BYTES], got[BYTES];
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);
	size_t size = make(turn, wrote);
	int listener = socket(AF_INET, SOCK_STREAM, 0), here = socket(AF_INET, SOCK_STREAM, 0),
	    there;

	CHECK(listener >= 0 && here >= 0);
	CHECK(bind(listener, (struct sockaddr *)&address, sizeof(address)) == 0);
	CHECK(listen(listener, 1) == 0);
	usleep(rest_us);
	CHECK(getsockname(listener, (struct sockaddr *)&address, &length) == 0);
	CHECK(connect(here, (struct sockaddr *)&address, sizeof(address)) == 0);
	usleep(rest_us);
	there = accept(listener, NULL, NULL);
	CHECK(there >= 0);
	CHECK(write(here, wrote, size) == (ssize_t)size);
	read_all(there, got, size);
	CHECK(write(there, got, size) == (ssize_t)size);
	memset(got, 0, size);
	read_all(here, got, size);
	CHECK(!memcmp(wrote, got, size));
	/* With a reset, so that no address waits for its last packets. */
	CHECK(setsockopt(here, SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1},
			 sizeof(struct linger)) == 0);
	CHECK(close(here) == 0 && close(there) == 0 && close(listener) == 0);
}

static void messages(unsigned turn)
{
	static struct {
		long type;
		unsigned char text[BYTES];
	} sent[3], got;
	size_t sizes[3];
	static int queue = -1;

	if (queue < 0)
		queue = msgget(IPC_PRIVATE, 0600);
	CHECK(queue >= 0);
	for (unsigned i = 0; i < 3; i++) {
		sizes[i] = make(turn * 3 + i, sent[i].text);
		sent[i].type = 1 + i;
		CHECK(msgsnd(queue, &sent[i], sizes[i], 0) == 0);
	}
	for (unsigned i = 3; i-- > 0;) { /* not in the order of sending */
		CHECK(msgrcv(queue, &got, BYTES, 1 + i, 0) == (ssize_t)sizes[i]);
		CHECK(!memcmp(got.text, sent[i].text, sizes[i]));
	}
	if (turn % 16 == 15) {
		CHECK(msgctl(queue, IPC_RMID, NULL) == 0);
		queue = -1;
	}
}

/* A child that adds its bytes up in memory of its own, and hands the sum over. */
static void processes(unsigned turn)
{
	static unsigned char bytes[BYTES];
	size_t size = make(turn, bytes);
	unsigned sum = 0, got = 0;
	int ends[2], status;
	pid_t child;

	for (size_t i = 0; i < size; i++)
		sum += bytes[i];
	CHECK(pipe(ends) == 0);
	child = fork();
	CHECK(child >= 0);
	if (!child) {
		unsigned char *copy = mmap(NULL, BYTES, PROT_READ | PROT_WRITE,
					   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		CHECK(copy != MAP_FAILED);
		memcpy(copy, bytes, size);
		for (size_t i = 0; i < size; i++)
			got += copy[i];
		CHECK(write(ends[1], &got, sizeof(got)) == sizeof(got));
		_exit((int)(got % 100));
	}
	read_all(ends[0], (unsigned char *)&got, sizeof(got));
	CHECK(waitpid(child, &status, 0) == child);
	CHECK(got == sum && WIFEXITED(status) && WEXITSTATUS(status) == (int)(sum % 100));
	CHECK(close(ends[0]) == 0 && close(ends[1]) == 0);
}

static const struct kind kinds[] = {
	{"files", files},
	{"network", network},
	{"messages", messages},
	{"processes", processes},
};

#define KIND_COUNT ((int)(sizeof(kinds) / sizeof(kinds[0])))

static void __attribute__((noreturn)) work(int cpu)
{
	char name[16];
	cpu_set_t set;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(name, sizeof(name), "busy-%s", self->kind->name);
	prctl(PR_SET_NAME, name);
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	CHECK(sched_setaffinity(0, sizeof(set), &set) == 0);
	while (!shared->stop)
		self->kind->turn(self->turns++);
	exit(0);
}

/*
 * The first connection makes the kernel patch its own code (DO_ONCE() in include/linux/once.h), by
 * breakpoints. QEMU 7.2 may keep one translated when another CPU comes that way at that moment, and
 * the kernel panics: one CPU makes it, with rests.
 */
static void connect_once(void)
{
	self = &shared->workers[0];
	self->kind = &kinds[1];
	rest_us = 200000;
	network(0);
	rest_us = 0;
}

static int start_all(int count)
{
	connect_once();
	for (int i = 0; i < count; i++) {
		struct worker *worker = &shared->workers[i];
		pid_t pid;

		worker->kind = &kinds[i % KIND_COUNT];
		worker->number = i;
		pid = fork();
		if (pid < 0)
			return -1;
		if (!pid) {
			self = worker;
			work(i / KIND_COUNT);
		}
		worker->pid = pid; /* the child shares it */
	}
	return 0;
}

/* How many did not end as they should. */
static int end_all(int count)
{
	int bad = 0, status;

	shared->stop = 1;
	for (int i = 0; i < count; i++) {
		struct worker *worker = &shared->workers[i];
		pid_t ended = waitpid(worker->pid, &status, 0);

		if (ended == worker->pid && status == 0)
			continue;
		printf("%s %d, process %d: waitpid() says %d (%s), status 0x%x\n",
		       worker->kind->name, i, worker->pid, ended, strerror(errno), status);
		bad++;
	}
	return bad;
}

int main(void)
{
	int count = (int)sysconf(_SC_NPROCESSORS_ONLN) * KIND_COUNT, signal, bad;
	sigset_t awaited;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	sigemptyset(&awaited);
	sigaddset(&awaited, SIGUSR1);
	sigprocmask(SIG_BLOCK, &awaited, NULL);
	if (shared == MAP_FAILED || count > MAX_WORKERS || start_all(count) < 0) {
		perror("busy");
		return 1;
	}
	printf("ready %d\n", count);
	fflush(stdout);
	sigwait(&awaited, &signal);
	bad = end_all(count);
	printf("done");
	for (int kind = 0; kind < KIND_COUNT; kind++) {
		unsigned long sum = 0;

		for (int i = kind; i < count; i += KIND_COUNT)
			sum += shared->workers[i].turns;
		printf(" %s %lu", kinds[kind].name, sum);
	}
	printf("\nbad %d\n", bad);
	fflush(stdout);
	for (;;)
		pause();
}
