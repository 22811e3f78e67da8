/*
 * holes LEAVE: leave the kernel only single free pages, so that a slab is got at its smallest
 * order.
 *
 * Takes all memory that is available but for LEAVE MiB, then gives back every page with an odd
 * number: no two of these are neighbours. What LEAVE had in larger blocks is for the next to come.
 *
 * Prints "ready GIVEN KEPT", in pages. The memory is locked, so that it is not moved together while
 * /proc/sys/vm/compact_unevictable_allowed is 0. It is given back when the program ends.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE	   4096ul
#define FRAME_MASK ((1ull << 55) - 1) /* of an entry in /proc/self/pagemap */

static void __attribute__((noreturn)) fail(const char *what)
{
	perror(what);
	exit(1);
}

static size_t available(void)
{
	FILE *file = fopen("/proc/meminfo", "r");
	char line[128];
	size_t kib = 0;

	if (!file)
		fail("/proc/meminfo");
	while (!kib && fgets(line, sizeof(line), file))
		(void)sscanf(line, "MemAvailable: %zu kB", &kib);
	(void)fclose(file);
	return kib << 10;
}

int main(int argc, char **argv)
{
	size_t leave = argc == 2 ? strtoul(argv[1], NULL, 10) << 20 : 0;
	size_t have = available(), given = 0, pages = (have - leave) / PAGE;
	int pagemap = open("/proc/self/pagemap", O_RDONLY);
	char *memory;

	if (!leave || leave >= have || pagemap < 0) {
		fprintf(stderr, "usage: holes MIB, of the %zu that are available\n", have >> 20);
		return 2;
	}
	memory = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		      0);
	if (memory == MAP_FAILED || madvise(memory, pages * PAGE, MADV_NOHUGEPAGE) != 0 ||
	    mlockall(MCL_CURRENT) != 0)
		fail("holes");
	for (size_t i = 0; i < pages; i++) {
		char *page = memory + i * PAGE;
		uint64_t entry;

		if (pread(pagemap, &entry, sizeof(entry), (off_t)((uintptr_t)page / PAGE * 8)) != 8)
			fail("/proc/self/pagemap");
		if ((entry & FRAME_MASK) % 2 == 0)
			continue;
		if (munmap(page, PAGE) != 0)
			fail("munmap");
		given++;
	}
	printf("ready %zu %zu\n", given, pages - given);
	fflush(stdout);
	for (;;)
		pause();
}
