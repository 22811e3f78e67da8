/*
 * snapshot FILE...: read files of the kernel again and again, and say what they held lately.
 *
 * Counters of the slab heap change by being read: the program that reads them lives in caches
 * itself. This one opens every FILE once, holds it open and needs no memory while it reads, so that
 * a debugger that looks at the guest between two readings sees the very heap that they counted.
 *
 * Prints "ready PID" after the first reading. At SIGUSR1 prints the last READINGS readings, oldest
 * first, each as "== READING" and for every FILE "-- FILE" and its bytes; then "end", and ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define READINGS    8
#define PAUSE_NS    40000000
#define FIRST_BYTES 65536 /* of the first file, which may be /proc/slabinfo */
#define OTHER_BYTES 256	  /* of every further one: a file of sysfs */

static volatile sig_atomic_t told;

static void tell(int signal)
{
	(void)signal;
	told = 1;
}

static size_t room(int file)
{
	return file ? OTHER_BYTES : FIRST_BYTES;
}

/* Where the bytes of a file begin in a reading. */
static size_t place(int file)
{
	return file ? FIRST_BYTES + (size_t)(file - 1) * OTHER_BYTES : 0;
}

static void fail(const char *what)
{
	fprintf(stderr, "snapshot: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void read_one(int fd, char *bytes, size_t size)
{
	size_t used = 0;
	ssize_t got;

	while (used < size - 1 && (got = pread(fd, bytes + used, size - 1 - used, (off_t)used)) > 0)
		used += (size_t)got;
	bytes[used] = '\0';
}

int main(int argc, char **argv)
{
	int files = argc - 1, *fds = calloc((size_t)argc, sizeof(*fds));
	size_t size = place(files);
	struct rlimit limit = {(rlim_t)argc + 16, (rlim_t)argc + 16};
	struct timespec pause = {0, PAUSE_NS};
	unsigned long turn;
	char *readings;

	if (argc < 2 || !fds)
		return 2;
	if (limit.rlim_cur > 1024 && setrlimit(RLIMIT_NOFILE, &limit))
		fail("setrlimit");
	readings = mmap(NULL, READINGS * size, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (readings == MAP_FAILED)
		fail("mmap");
	signal(SIGUSR1, tell);
	for (int i = 0; i < files; i++) {
		fds[i] = open(argv[i + 1], O_RDONLY);
		if (fds[i] < 0)
			fail(argv[i + 1]);
	}
	for (turn = 0; !told; turn++) {
		for (int i = 0; i < files && !told; i++)
			read_one(fds[i], readings + turn % READINGS * size + place(i), room(i));
		if (!turn) {
			printf("ready %d\n", getpid());
			fflush(stdout);
		}
		nanosleep(&pause, NULL);
	}
	/* The last turn may be half a reading: the one before it is the newest. */
	for (unsigned long i = turn < READINGS ? 0 : turn - READINGS; i + 1 < turn; i++) {
		printf("== %lu\n", i);
		for (int j = 0; j < files; j++)
			printf("-- %s\n%s", argv[j + 1], readings + i % READINGS * size + place(j));
	}
	printf("end\n");
	return 0;
}
