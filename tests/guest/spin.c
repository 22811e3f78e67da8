/*
 * spin [CPU]: loop in user mode for ever, so that a CPU can be caught there.
 *
 * With CPU the process is bound to it. Prints "ready PID CPU" (-1: not bound) before the loop; the
 * loop makes no system call.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int cpu = argc > 1 ? atoi(argv[1]) : -1;
	volatile unsigned long turns = 0;

	if (cpu >= 0) {
		cpu_set_t set;

		CPU_ZERO(&set);
		CPU_SET(cpu, &set);
		if (sched_setaffinity(0, sizeof(set), &set) != 0) {
			perror("sched_setaffinity");
			return 1;
		}
	}
	printf("ready %d %d\n", getpid(), cpu);
	fflush(stdout);
	for (;;)
		turns++;
}
