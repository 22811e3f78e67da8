/*
 * named NAME [THREADS [UID]]: a process with a chosen comm that sleeps until killed.
 *
 * NAME may hold C escapes \e \n \t \\ \xHH, so that control characters can be given in a shell
 * command; the kernel keeps the first 15 bytes. THREADS more threads are started, all named NAME
 * (default 0). Then the whole process changes to user and group UID (default: stays root).
 *
 * Prints "process PID uid UID", one line "thread TID" per further thread, and "ready".
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static char name[256];
static pthread_barrier_t named;

/* Writes @text into name[] with its escapes replaced. */
static void decode(const char *text)
{
	size_t used = 0;

	while (*text && used < sizeof(name) - 1) {
		unsigned char byte = (unsigned char)*text++;
		int digits = 0;

		if (byte == '\\' && *text) {
			byte = (unsigned char)*text++;
			if (byte == 'e')
				byte = '\033';
			else if (byte == 'n')
				byte = '\n';
			else if (byte == 't')
				byte = '\t';
			else if (byte == 'x' && sscanf(text, "%2hhx%n", &byte, &digits) == 1)
				text += digits;
		}
		name[used++] = (char)byte;
	}
}

static void *thread(void *argument)
{
	(void)argument;
	prctl(PR_SET_NAME, name);
	printf("thread %d\n", gettid());
	pthread_barrier_wait(&named);
	/* The C library interrupts every thread to change its credentials. */
	while (pause() != 0)
		continue;
	return NULL;
}

int main(int argc, char **argv)
{
	unsigned int threads = argc > 2 ? (unsigned int)atoi(argv[2]) : 0;
	uid_t uid = argc > 3 ? (uid_t)atoi(argv[3]) : getuid();

	if (argc < 2) {
		fprintf(stderr, "usage: named NAME [THREADS [UID]]\n");
		return 2;
	}
	decode(argv[1]);
	prctl(PR_SET_NAME, name);
	printf("process %d uid %u\n", getpid(), uid);
	pthread_barrier_init(&named, NULL, threads + 1);
	for (unsigned int i = 0; i < threads; i++) {
		pthread_t id;

		if (pthread_create(&id, NULL, thread, NULL) != 0) {
			fprintf(stderr, "pthread_create failed\n");
			return 1;
		}
	}
	pthread_barrier_wait(&named);
	/* The C library changes the credentials of all threads. */
	if (uid != getuid() && (setgid(uid) != 0 || setuid(uid) != 0)) {
		perror("setuid");
		return 1;
	}
	printf("ready\n");
	fflush(stdout);
	pause();
	return 0;
}
