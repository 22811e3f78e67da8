/* SPDX-License-Identifier: MIT */
/*
 * opened COUNT: hold so many open files, each a struct file of its own, and nothing else.
 *
 * Prints "ready COUNT", then sleeps until killed.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	rlim_t count = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
	struct rlimit limit = {count + 8, count + 8};

	if (!count) {
		fprintf(stderr, "usage: opened COUNT\n");
		return 2;
	}
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
		perror("opened: setrlimit");
		return 1;
	}
	for (rlim_t i = 0; i < count; i++)
		if (open("/", O_RDONLY) < 0) {
			perror("opened: open");
			return 1;
		}
	printf("ready %lu\n", (unsigned long)count);
	fflush(stdout);
	pause();
	return 0;
}
