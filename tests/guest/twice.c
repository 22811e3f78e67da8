/*
 * twice SIZE TYPE: objects of SIZE bytes (9 to 4096), one of which a test lets the kernel free
 * twice.
 *
 * What does not fit into a message's first page the kernel puts into a second object, of SIZE bytes
 * here, whose address is in the message's header. Prints "ready". At SIGUSR1 three messages of the
 * types TYPE to TYPE + 2 are sent, two to a queue and the third to another: "sent". At SIGUSR2 the
 * first queue is removed, on CPU 0, and then the other one by a child on CPU 1, called "other":
 * "done", and the program ends. What the test makes the third message's header point to in between
 * is freed twice then, with another free before the second one: the kernel would stop at two in a
 * row.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Of a message's first object, behind a struct msg_msg of 48 bytes; of the second one's header. */
#define FIRST  (4096 - 48)
#define HEADER 8

struct message {
	long type;
	char text[FIRST + 4096];
};

static void run_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static void wait_for(int number)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, number);
	sigwait(&set, &number);
}

static void send(int queue, long type, size_t size)
{
	struct message message = {.type = type};

	memset(message.text, (int)type, sizeof(message.text));
	memcpy(message.text, "DILLTWICE", 9);
	if (msgsnd(queue, &message, FIRST + size - HEADER, 0) != 0) {
		perror("msgsnd");
		exit(1);
	}
}

static void remove_as_other(int queue)
{
	if (fork() == 0) {
		prctl(PR_SET_NAME, "other");
		run_on(1);
		msgctl(queue, IPC_RMID, NULL);
		_exit(0);
	}
	wait(NULL);
}

int main(int argc, char **argv)
{
	int first = msgget(IPC_PRIVATE, 0600), second = msgget(IPC_PRIVATE, 0600);
	size_t size = argc > 1 ? (size_t)atoi(argv[1]) : 200;
	long type = argc > 2 ? atol(argv[2]) : 1;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	setvbuf(stdout, NULL, _IOLBF, 0);
	run_on(0);
	puts("ready");
	wait_for(SIGUSR1);
	send(first, type, size);
	send(first, type + 1, size);
	send(second, type + 2, size);
	puts("sent");
	wait_for(SIGUSR2);
	msgctl(first, IPC_RMID, NULL);
	remove_as_other(second);
	puts("done");
	return 0;
}
