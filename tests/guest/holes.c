/*
 * holes LEAVE: leave the kernel hardly more than single free pages, so that a slab is got at its
 * smallest order.
 *
 * Takes memory until what the kernel still has in blocks of 32 KiB and more is LEAVE MiB, then
 * gives back every page with an odd number: no two of these are neighbours. The large blocks are
 * for the next to come.
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

#define PAGE	    4096ul
#define LARGE_ORDER 3		       /* blocks of 32 KiB */
#define STEP	    64		       /* pages between two looks */
#define FRAME_MASK  ((1ull << 55) - 1) /* of an entry in /proc/self/pagemap */

static void __attribute__((noreturn)) fail(const char *what)
{
	perror(what);
	exit(1);
}

/* Bytes that are free in large blocks, of all zones: each line of the file is a zone with the count
 * of blocks of each order. */
static size_t free_in_large_blocks(void)
{
	FILE *file = fopen("/proc/buddyinfo", "r");
	char line[256];
	size_t pages = 0;

	if (!file)
		fail("/proc/buddyinfo");
	while (fgets(line, sizeof(line), file)) {
		char *counts = strstr(line, "zone");
		int skipped = 0;

		if (!counts || sscanf(counts, "zone %*s%n", &skipped) < 0)
			continue;
		counts += skipped;
		for (unsigned order = 0; *counts && *counts != '\n'; order++) {
			unsigned long count = strtoul(counts, &counts, 10);

			pages += order < LARGE_ORDER ? 0 : count << order;
			counts += strspn(counts, " ");
		}
	}
	(void)fclose(file);
	return pages * PAGE;
}

/* No more than all that the machine has. */
static size_t physical_memory(void)
{
	return (size_t)sysconf(_SC_PHYS_PAGES) * PAGE;
}

int main(int argc, char **argv)
{
	size_t leave = argc == 2 ? strtoul(argv[1], NULL, 10) << 20 : 0;
	size_t have = physical_memory(), given = 0, pages = 0;
	int pagemap = open("/proc/self/pagemap", O_RDONLY);
	char *memory;

	if (!leave || leave >= have || pagemap < 0) {
		fprintf(stderr, "usage: holes MIB, of the %zu that there are\n", have >> 20);
		return 2;
	}
	memory = mmap(NULL, have, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED || madvise(memory, have, MADV_NOHUGEPAGE) != 0 ||
	    mlockall(MCL_CURRENT | MCL_ONFAULT) != 0)
		fail("holes");
	while (pages < have / PAGE && (pages % STEP != 0 || free_in_large_blocks() > leave))
		memory[pages++ * PAGE] = 1;
	for (size_t i = 0; i < pages; i++) {
		char *page = memory + i * PAGE;
		uint64_t entry;

		if (pread(pagemap, &entry, sizeof(entry), (off_t)((uintptr_t)page / PAGE * 8)) != 8)
			fail("/proc/self/pagemap");
		if ((entry & FRAME_MASK) % 2 == 0 && (entry & FRAME_MASK) % 16 != 0)
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
