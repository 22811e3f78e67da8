/*
 * msg [-f N] [-p USEC] [-s SERIAL] SIZE COUNT [SIZE COUNT]...: hold System V messages, so that
 * kernel objects with known content exist.
 *
 * Sends COUNT messages of SIZE bytes (at least 24) for each pair, one queue per pair. Message
 * serials count from SERIAL (default 1) over all pairs. A message's bytes are, in host byte order:
 *
 *     0   "DILLMSG!"
 *     8   u64 serial
 *    16   u64 SIZE
 *    24   the low byte of the serial, repeated
 *
 * With -p USEC it waits so long before each message. With -f N every message whose serial is a
 * multiple of N is received again, so its object is free. The kernel puts a struct msg_msg of 48
 * bytes in front; what does not fit into one page goes on in further objects.
 *
 * Prints for each pair "size SIZE serials FIRST LAST live COUNT freed COUNT", then "ready". SIGTERM
 * and SIGINT remove the queues, which frees everything, and end the program; after SIGKILL the
 * queues stay.
 */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <unistd.h>

#define MAX_PAIRS 64

struct content {
	char magic[8];
	uint64_t serial;
	uint64_t size;
	unsigned char fill[];
};

struct options {
	unsigned long free_every;
	unsigned long pause_us;
};

struct message {
	long type;
	struct content content;
};

static int queues[MAX_PAIRS];
static int queue_count;

static void remove_queues(void)
{
	for (int i = 0; i < queue_count; i++)
		msgctl(queues[i], IPC_RMID, NULL);
}

static void __attribute__((noreturn)) fail(const char *what)
{
	fprintf(stderr, "msg: %s: %s\n", what, strerror(errno));
	remove_queues();
	exit(1);
}

/* The type of a message is its serial, so that each can be received by name. */
static void hold(size_t size, unsigned long count, const struct options *options,
		 unsigned long *serial)
{
	struct message *message = malloc(sizeof(*message) + size);
	unsigned long first = *serial;
	unsigned long freed = 0;
	int queue = msgget(IPC_PRIVATE, 0600);

	if (!message || queue < 0)
		fail("msgget");
	queues[queue_count++] = queue;
	for (unsigned long i = 0; i < count; i++) {
		unsigned long number = (*serial)++;

		if (options->pause_us > 0)
			usleep((useconds_t)options->pause_us);
		message->type = (long)number;
		memcpy(message->content.magic, "DILLMSG!", sizeof(message->content.magic));
		message->content.serial = number;
		message->content.size = size;
		memset(message->content.fill, (int)(number & 0xff), size - sizeof(struct content));
		if (msgsnd(queue, message, size, IPC_NOWAIT) != 0)
			fail("msgsnd");
	}
	for (unsigned long number = first; options->free_every && number < *serial; number++) {
		if (number % options->free_every != 0)
			continue;
		if (msgrcv(queue, message, size, (long)number, IPC_NOWAIT) < 0)
			fail("msgrcv");
		freed++;
	}
	printf("size %zu serials %lu %lu live %lu freed %lu\n", size, first, *serial - 1,
	       count - freed, freed);
	free(message);
}

int main(int argc, char **argv)
{
	struct options options = {0};
	unsigned long serial = 1;
	sigset_t ending;
	int signal;
	int option;

	while ((option = getopt(argc, argv, "f:p:s:")) != -1) {
		unsigned long *value = option == 'f'   ? &options.free_every
				       : option == 'p' ? &options.pause_us
				       : option == 's' ? &serial
						       : NULL;

		if (!value)
			return 2;
		*value = strtoul(optarg, NULL, 10);
	}
	if (optind == argc || (argc - optind) % 2 != 0 || (argc - optind) / 2 > MAX_PAIRS) {
		fprintf(stderr,
			"usage: msg [-f N] [-p USEC] [-s SERIAL] SIZE COUNT [SIZE COUNT]...\n");
		return 2;
	}
	sigemptyset(&ending);
	sigaddset(&ending, SIGTERM);
	sigaddset(&ending, SIGINT);
	sigprocmask(SIG_BLOCK, &ending, NULL);
	for (int i = optind; i < argc; i += 2) {
		size_t size = strtoul(argv[i], NULL, 10);

		if (size < sizeof(struct content)) {
			errno = EINVAL;
			fail("SIZE");
		}
		hold(size, strtoul(argv[i + 1], NULL, 10), &options, &serial);
	}
	printf("ready\n");
	fflush(stdout);
	sigwait(&ending, &signal);
	remove_queues();
	return 0;
}
