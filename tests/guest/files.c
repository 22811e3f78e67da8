/*
 * files DIRECTORY COUNT EVERY: make COUNT empty files and remove every EVERYth of them again (0:
 * none), so that many dentries and inodes exist with holes among them.
 *
 * The files lie in folders of 1000, DIRECTORY/FOLDER/NUMBER, counted from 0. Prints
 * "ready COUNT REMOVED" at the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER_FILES 1000

static void __attribute__((noreturn)) fail(const char *what)
{
	fprintf(stderr, "files: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* Enter the folder of file @p number. */
static void enter(const char *directory, unsigned long number)
{
	char name[32];

	snprintf(name, sizeof(name), "%lu", number / FOLDER_FILES);
	if (chdir(directory) != 0 || (mkdir(name, 0700) != 0 && errno != EEXIST) ||
	    chdir(name) != 0)
		fail(name);
}

int main(int argc, char **argv)
{
	unsigned long count, every, removed = 0;
	char name[32];

	if (argc != 4 || argv[1][0] != '/') {
		fprintf(stderr, "usage: files /DIRECTORY COUNT EVERY\n");
		return 2;
	}
	count = strtoul(argv[2], NULL, 10);
	every = strtoul(argv[3], NULL, 10);
	for (unsigned long i = 0; i < count; i++) {
		int file;

		if (i % FOLDER_FILES == 0)
			enter(argv[1], i);
		snprintf(name, sizeof(name), "%lu", i);
		file = open(name, O_WRONLY | O_CREAT | O_EXCL, 0600);
		if (file < 0)
			fail(name);
		close(file);
	}
	for (unsigned long i = 0; every && i < count; i++) {
		if (i % FOLDER_FILES == 0)
			enter(argv[1], i);
		if (i % every != 0)
			continue;
		snprintf(name, sizeof(name), "%lu", i);
		if (unlink(name) != 0)
			fail(name);
		removed++;
	}
	printf("ready %lu %lu\n", count, removed);
	return 0;
}
