/* SPDX-License-Identifier: MIT */
/*
 * Allocates and frees in the kernel, in many ways, when it is told to: for tests of the tracer.
 *
 *     traced ROUNDS
 *
 * Prints "ready", waits for SIGUSR1, does its rounds, prints "done", and waits for its end.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			perror(#condition);                                                        \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

struct message {
	long type;
	char text[3000];
};

static void messages(int queue, int round)
{
	static struct message message;
	size_t size = 10 + (size_t)round * 37 % 2900;

	message.type = 1;
	CHECK(msgsnd(queue, &message, size, 0) == 0);
	CHECK(msgrcv(queue, &message, sizeof(message.text), 0, 0) == (ssize_t)size);
}

static void files(void)
{
	char byte = 1;
	int ends[2], pair[2], fd, epoll;
	struct epoll_event event = {.events = EPOLLIN};

	CHECK(pipe(ends) == 0);
	CHECK(write(ends[1], &byte, 1) == 1);
	CHECK(read(ends[0], &byte, 1) == 1);
	close(ends[0]);
	close(ends[1]);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	CHECK(write(pair[1], &byte, 1) == 1);
	CHECK(read(pair[0], &byte, 1) == 1);
	close(pair[0]);
	close(pair[1]);
	fd = eventfd(0, 0);
	epoll = epoll_create1(0);
	CHECK(fd >= 0 && epoll >= 0);
	CHECK(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0);
	close(epoll);
	close(fd);
	fd = open("/root/traced", O_CREAT | O_RDWR, 0600);
	CHECK(fd >= 0);
	CHECK(write(fd, &byte, 1) == 1);
	close(fd);
	CHECK(unlink("/root/traced") == 0);
}

static void memory(void)
{
	char *area =
		mmap(NULL, 1 << 16, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(area != MAP_FAILED);
	CHECK(mprotect(area, 4096, PROT_READ) == 0); /* another VMA */
	CHECK(munmap(area, 1 << 16) == 0);
}

/* Larger than any size class: whole pages. */
static void large(void)
{
	int pair[2], size = 1 << 20;
	static char bytes[100000];

	CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0);
	CHECK(setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)) == 0);
	CHECK(write(pair[0], bytes, 20000) == 20000);
	CHECK(read(pair[1], bytes, sizeof(bytes)) == 20000);
	close(pair[0]);
	close(pair[1]);
}

/* Leaving a multicast group gives its record to kfree_rcu(). */
static void group(void)
{
	struct ip_mreqn member = {.imr_multiaddr.s_addr = htonl(0xe0010203), .imr_ifindex = 1};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	CHECK(fd >= 0);
	CHECK(setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &member, sizeof(member)) == 0);
	CHECK(setsockopt(fd, IPPROTO_IP, IP_DROP_MEMBERSHIP, &member, sizeof(member)) == 0);
	close(fd);
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 10, queue, signal;
	sigset_t wanted;

	sigemptyset(&wanted);
	sigaddset(&wanted, SIGUSR1);
	sigprocmask(SIG_BLOCK, &wanted, NULL);
	queue = msgget(IPC_PRIVATE, 0600);
	CHECK(queue >= 0);
	printf("ready\n");
	fflush(stdout);
	sigwait(&wanted, &signal);
	for (int round = 0; round < rounds; round++) {
		messages(queue, round);
		files();
		memory();
		if (round % 8 == 0) {
			large();
			group();
		}
	}
	printf("done\n");
	fflush(stdout);
	for (;;)
		pause();
}
