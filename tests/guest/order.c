/*
 * order CPU SIZE COUNT [HELD STEP]: allocate kernel objects on one CPU at a moment that the test
 * chooses, so that it can compare which ones they were with what was predicted.
 *
 * Runs on CPU. With HELD it first makes holes: it sends HELD messages of SIZE bytes, then receives
 * every second one again in an irregular order (STEP shall have no common factor with HELD), every
 * fifth of these on another CPU if there is one. Then it prints "ready ADDRESS", the physical
 * address of a word, and waits for that word to become 1. All it needs is prepared by then: what it
 * does next is to send COUNT messages of SIZE bytes in a row, with serials from 1000001 on, and to
 * store 2 there.
 *
 * Messages have the content that msg.c describes; the serials of the first ones count from 1.
 * SIGTERM and SIGINT end the program and free everything.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <unistd.h>

#define FIRST_SERIAL 1000001ul

struct message {
	long type;
	char magic[8];
	uint64_t serial;
	uint64_t size;
	unsigned char fill[];
};

static int queue = -1;

static void __attribute__((noreturn)) fail(const char *what)
{
	fprintf(stderr, "order: %s: %s\n", what, strerror(errno));
	if (queue >= 0)
		msgctl(queue, IPC_RMID, NULL);
	exit(1);
}

static void finish(int number)
{
	(void)number;
	/* NOLINTNEXTLINE(bugprone-signal-handler): a plain system call */
	msgctl(queue, IPC_RMID, NULL);
	_exit(0);
}

static int move_to(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set);
}

static void send_one(struct message *message, unsigned long serial)
{
	message->type = (long)serial;
	message->serial = serial;
	memset(message->fill, (int)(serial & 0xff), message->size - 24);
	if (msgsnd(queue, &message->type, message->size, IPC_NOWAIT) != 0)
		fail("msgsnd");
}

static void receive(struct message *message, unsigned long serial)
{
	if (msgrcv(queue, &message->type, message->size, (long)serial, IPC_NOWAIT) < 0)
		fail("msgrcv");
}

/* Free every second message in irregular order: those in turn on this CPU, or on the other one. */
static void make_holes(struct message *message, unsigned long held, unsigned long step, int other)
{
	for (unsigned long i = 0; i < held; i += 2)
		if ((i / 2 % 5 == 4) == other)
			receive(message, i * step % held + 1);
}

/* The physical address of a byte of this process that is in memory. */
static uint64_t physical(const void *address)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	int file = open("/proc/self/pagemap", O_RDONLY);
	uint64_t entry;

	if (file < 0 || pread(file, &entry, 8, (off_t)((uintptr_t)address / page * 8)) != 8)
		fail("/proc/self/pagemap");
	close(file);
	return (entry & ((UINT64_C(1) << 55) - 1)) * page + (uintptr_t)address % page;
}

int main(int argc, char **argv)
{
	static volatile uint64_t word __attribute__((aligned(64)));
	int cpu = argc > 3 ? atoi(argv[1]) : 0;
	size_t size = argc > 3 ? strtoul(argv[2], NULL, 10) : 0;
	unsigned long count = argc > 3 ? strtoul(argv[3], NULL, 10) : 0;
	unsigned long held = argc > 5 ? strtoul(argv[4], NULL, 10) : 0;
	unsigned long step = argc > 5 ? strtoul(argv[5], NULL, 10) : 1;
	struct message *message = malloc(sizeof(*message) + size);

	if (size < 24 || !message) {
		fprintf(stderr, "usage: order CPU SIZE COUNT [HELD STEP]\n");
		return 2;
	}
	queue = msgget(IPC_PRIVATE, 0600);
	if (queue < 0 || move_to(cpu) != 0 || mlockall(MCL_CURRENT | MCL_FUTURE) != 0)
		fail("msgget, sched_setaffinity or mlockall");
	signal(SIGTERM, finish);
	signal(SIGINT, finish);
	memcpy(message->magic, "DILLMSG!", sizeof(message->magic));
	message->size = size;
	for (unsigned long i = 0; i < held; i++)
		send_one(message, i + 1);
	make_holes(message, held, step, 0);
	if (move_to(!cpu) == 0)
		make_holes(message, held, step, 1);
	if (move_to(cpu) != 0)
		fail("sched_setaffinity");
	word = 0;
	printf("ready %#lx\n", (unsigned long)physical((const void *)&word));
	fflush(stdout);
	while (word != 1)
		usleep(1000);
	for (unsigned long i = 0; i < count; i++)
		send_one(message, FIRST_SERIAL + i);
	word = 2;
	for (;;)
		pause();
}
