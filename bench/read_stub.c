/* SPDX-License-Identifier: MIT */
/*
 * read_stub PORT BYTES [WINDOW]
 *
 * The yardstick of `make bench`: reads BYTES of a QEMU guest's physical memory, from 16 MiB on,
 * through its gdbstub on 127.0.0.1, and does nothing with them. Any program that gets so much from
 * this stub takes so long: it connects, reads with WINDOW requests on their way at a time, and lets
 * the guest run again. It shares no code with dill on purpose.
 *
 * A stub takes requests one after the other; with several on their way it never waits for the next.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FIRST_ADDRESS UINT64_C(0x1000000)
/* The longest read that every QEMU answers. */
#define PIECE	       ((size_t)2048)
#define DEFAULT_WINDOW 8u

struct client {
	int fd;
	size_t start, end; /* of what has arrived and was not looked at */
	char input[256 * 1024];
	char packet[16 * 1024];
	size_t length;
};

static void fail(const char *why)
{
	fprintf(stderr, "read_stub: %s\n", why);
	exit(1);
}

static void connect_to(struct client *client, const char *port)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	int yes = 1;

	address.sin_port = htons((uint16_t)strtoul(port, NULL, 10));
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	client->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (client->fd < 0 || connect(client->fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		fail("cannot connect");
	setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
}

static void send_bytes(struct client *client, const char *bytes, size_t length)
{
	while (length) {
		ssize_t sent = write(client->fd, bytes, length);

		if (sent <= 0)
			fail("the connection was lost");
		bytes += sent;
		length -= (size_t)sent;
	}
}

/* Write "$payload#checksum" to @p to; returns its length. */
static size_t frame(const char *payload, char *to, size_t room)
{
	unsigned sum = 0;

	for (const char *c = payload; *c; c++)
		sum += (unsigned char)*c;
	return (size_t)snprintf(to, room, "$%s#%02x", payload, sum & 0xff);
}

static int next_byte(struct client *client)
{
	if (client->start == client->end) {
		ssize_t received = read(client->fd, client->input, sizeof(client->input));

		if (received <= 0)
			fail("the connection was lost");
		client->start = 0;
		client->end = (size_t)received;
	}
	return (unsigned char)client->input[client->start++];
}

/* Receive the next packet. It counts as acknowledged by the next request, with QEMU. */
static void receive(struct client *client)
{
	int byte;

	while (next_byte(client) != '$')
		;
	client->length = 0;
	while ((byte = next_byte(client)) != '#') {
		if (client->length == sizeof(client->packet))
			fail("a reply is too long");
		client->packet[client->length++] = (char)byte;
	}
	next_byte(client);
	next_byte(client);
}

static bool is(const struct client *client, const char *text)
{
	return client->length == strlen(text) && !memcmp(client->packet, text, client->length);
}

static void expect(struct client *client, const char *request, const char *answer)
{
	char packet[64];

	send_bytes(client, packet, frame(request, packet, sizeof(packet)));
	do
		receive(client);
	while (client->packet[0] == 'T'); /* the guest has stopped for us */
	if (answer && !is(client, answer))
		fail("the stub does not answer as QEMU's does");
}

static unsigned digit(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a') + 10;
	fail("memory cannot be read");
	return 0;
}

static void take_piece(struct client *client, uint8_t *bytes)
{
	receive(client);
	if (client->length != 2 * PIECE)
		fail("memory cannot be read");
	for (size_t i = 0; i < PIECE; i++)
		bytes[i] = (uint8_t)(digit(client->packet[2 * i]) << 4 |
				     digit(client->packet[2 * i + 1]));
}

/* Send requests until @p window are on their way; several in one go. */
static void send_requests(struct client *client, uint64_t *sent, uint64_t count, uint64_t done,
			  uint64_t window)
{
	char packets[4096];
	size_t length = 0;

	while (*sent < count && *sent - done < window) {
		char request[64];

		snprintf(request, sizeof(request), "m%llx,%zx",
			 (unsigned long long)(FIRST_ADDRESS + *sent * PIECE), PIECE);
		if (sizeof(packets) - length < sizeof(request) + 4) {
			send_bytes(client, packets, length);
			length = 0;
		}
		length += frame(request, packets + length, sizeof(packets) - length);
		++*sent;
	}
	/* cppcheck-suppress uninitvar; of the first @length bytes each was written */
	send_bytes(client, packets, length);
}

static void read_memory(struct client *client, uint64_t size, uint64_t window)
{
	uint64_t count = (size + PIECE - 1) / PIECE, sent = 0;
	uint8_t *memory = calloc(count, PIECE);

	if (!memory)
		fail("not enough memory");
	for (uint64_t done = 0; done < count; done++) {
		if (sent - done <= window / 2)
			send_requests(client, &sent, count, done, window);
		take_piece(client, memory + done * PIECE);
	}
	free(memory);
}

int main(int argc, char **argv)
{
	static struct client client;

	if (argc < 3)
		fail("usage: read_stub PORT BYTES [WINDOW]");

	uint64_t window = argc > 3 ? strtoull(argv[3], NULL, 10) : DEFAULT_WINDOW;

	connect_to(&client, argv[1]);
	expect(&client, "qSupported:multiprocess+", NULL);
	expect(&client, "Qqemu.PhyMemMode:1", "OK");
	read_memory(&client, strtoull(argv[2], NULL, 10), window ? window : 1);
	expect(&client, "Qqemu.PhyMemMode:0", "OK");
	expect(&client, "D;1", "OK");
	return 0;
}
