/* SPDX-License-Identifier: MIT */
/*
 * turns [TURNS]: so many messages are sent and received, one after the other, or until killed. Each
 * is one allocation of the kernel's and what it frees for it: work for `make bench`.
 *
 * Prints "ready" before the first, "done" after the last.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/msg.h>

int main(int argc, char **argv)
{
	struct {
		long type;
		char text[200];
	} message = {.type = 1};
	long turns = argc > 1 ? atol(argv[1]) : -1;
	int queue = msgget(IPC_PRIVATE, 0600);

	if (queue < 0) {
		perror("turns");
		return 1;
	}
	printf("ready\n");
	fflush(stdout);
	for (long turn = 0; turn != turns; turn++)
		if (msgsnd(queue, &message, sizeof(message.text), 0) != 0 ||
		    msgrcv(queue, &message, sizeof(message.text), 0, 0) < 0) {
			perror("turns");
			return 1;
		}
	msgctl(queue, IPC_RMID, NULL);
	printf("done\n");
	return 0;
}
