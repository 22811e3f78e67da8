/* SPDX-License-Identifier: MIT */
#include "target/rsp_connection.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "target/rsp_packet.h"
#include "target/rsp_reply.h"

/* Longest request: a monitor command in hex. */
#define REQUEST_LIMIT 1024u
#define OUTPUT_LIMIT  (64 * (size_t)1024)
/* A packet of full length and what came along with it. */
#define INPUT_LIMIT (RSP_PACKET_LIMIT + 64 * (size_t)1024)
/* How often a waiting dill asks whether it is still wanted. */
#define POLL_SLICE_MS 50
/* How long dill stays awake for an answer. A stub on this machine answers within that; to be woken
 * on a processor that has gone idle meanwhile takes longer than the answer, and its threads fare
 * better when they have no idle processor to move to. Measured with QEMU 11 in a virtual
 * machine: 2.2 times the stops a second.
 */
#define AWAKE_US 300
/* "+$OK#9a" */
#define OK_SIZE 7u
/* A damaged request is sent again so often. */
#define RESEND_LIMIT 3u

struct rsp_connection {
	int fd, timeout_ms;
	const struct dill_host *host;
	enum rsp_acks acks;
	enum rsp_patience patience;
	bool broken, hung_up, exited, saw_stop, saw_packet, unacknowledged;
	bool running;	/* until a stop arrives */
	size_t due;	/* requests whose replies were not read yet */
	size_t batched; /* requests in `output` */
	unsigned resent;
	size_t expected; /* bytes that the next wait is for */
	int low_water;	 /* of the socket */
	size_t wire;	 /* bytes of the last packet as it came */
	size_t stop;	 /* those of the shortest stop reply so far; 0 = none came yet */
	uint64_t packets;
	size_t output_length, output_sent;
	size_t input_start, input_end;
	uint8_t output[OUTPUT_LIMIT], input[INPUT_LIMIT], payload[RSP_PACKET_LIMIT];
};

struct dill_error *rsp_connection_new(int fd, int timeout_ms, const struct dill_host *host,
				      struct rsp_connection **ret)
{
	struct rsp_connection *connection = calloc(1, sizeof(*connection));

	if (!connection)
		return error_no_memory();
	connection->fd = fd;
	connection->timeout_ms = timeout_ms;
	connection->host = host;
	connection->low_water = 1;
	*ret = connection;
	return NULL;
}

/* Let poll() return for so many bytes, not for the first one. */
static void set_low_water(struct rsp_connection *connection, size_t bytes)
{
	int wanted = bytes > 1 ? (int)bytes : 1;

	if (wanted == connection->low_water)
		return;
	/* A socket that cannot wakes us more often. */
	(void)setsockopt(connection->fd, SOL_SOCKET, SO_RCVLOWAT, &wanted, sizeof(wanted));
	connection->low_water = wanted;
}

void rsp_connection_free(struct rsp_connection *connection)
{
	if (connection)
		set_low_water(connection, 1);
	free(connection);
}

void rsp_connection_set_acks(struct rsp_connection *connection, enum rsp_acks acks)
{
	connection->acks = acks;
}

void rsp_connection_set_patience(struct rsp_connection *connection, enum rsp_patience patience)
{
	connection->patience = patience;
}

bool rsp_saw_stop(const struct rsp_connection *connection)
{
	return connection->saw_stop;
}

bool rsp_has_hung_up(const struct rsp_connection *connection)
{
	return connection->hung_up;
}

bool rsp_has_exited(const struct rsp_connection *connection)
{
	return connection->exited;
}

bool rsp_saw_packet(const struct rsp_connection *connection)
{
	return connection->saw_packet;
}

uint64_t rsp_packets_sent(const struct rsp_connection *connection)
{
	return connection->packets;
}

static struct dill_error *broken(struct rsp_connection *connection, const char *why)
{
	connection->broken = true;
	return dill_error_new(DILL_ERROR_PROTOCOL, "%s", why);
}

static struct dill_error *lost(struct rsp_connection *connection)
{
	connection->hung_up = true;
	return broken(connection, "the connection to the gdbstub was lost");
}

static struct dill_error *check_interrupt(const struct rsp_connection *connection)
{
	const struct dill_host *host = connection->host;
	bool may = connection->patience == RSP_INTERRUPTIBLE ||
		   (connection->patience == RSP_UNTIL_ANSWERED && !connection->saw_packet);

	if (may && host->interrupted && host->interrupted(host->context))
		return error_interrupted();
	return NULL;
}

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

static int64_t now_ms(void)
{
	return now_us() / 1000;
}

static bool is_transient(int error)
{
	return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

/* Send what the socket takes at once. */
static struct dill_error *push_output(struct rsp_connection *connection)
{
	while (connection->output_sent < connection->output_length) {
		ssize_t sent = send(connection->fd, connection->output + connection->output_sent,
				    connection->output_length - connection->output_sent,
				    MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent < 0 && is_transient(errno))
			return NULL;
		if (sent < 0)
			return lost(connection);
		connection->output_sent += (size_t)sent;
	}
	return NULL;
}

/* Take what has arrived. */
static struct dill_error *pull_input(struct rsp_connection *connection)
{
	size_t held = connection->input_end - connection->input_start;

	memmove(connection->input, connection->input + connection->input_start, held);
	connection->input_start = 0;
	connection->input_end = held;

	ssize_t received =
		recv(connection->fd, connection->input + held, INPUT_LIMIT - held, MSG_DONTWAIT);

	if (received < 0 && is_transient(errno))
		return NULL;
	if (received <= 0)
		return lost(connection);
	connection->input_end += (size_t)received;
	return NULL;
}

/* poll() without sleep for a short time; others that want this processor go first. */
static int poll_awake(struct pollfd *poller)
{
	int64_t end = now_us() + AWAKE_US;

	for (;;) {
		int ready = poll(poller, 1, 0);

		if (ready != 0 || now_us() > end)
			return ready;
		(void)sched_yield();
	}
}

/* Wait until bytes move in the wanted directions, at most until @p deadline. */
static struct dill_error *wait_until(struct rsp_connection *connection, short events,
				     int64_t deadline)
{
	struct pollfd poller = {.fd = connection->fd, .events = events};

	TRY(check_interrupt(connection));
	if (poll_awake(&poller) > 0)
		return NULL;
	for (;;) {
		int64_t left = deadline - now_ms();

		TRY(check_interrupt(connection));
		if (left <= 0)
			return dill_error_new(DILL_ERROR_LIMIT, "no answer within %g s",
					      connection->timeout_ms / 1000.0);

		int ready = poll(&poller, 1, left < POLL_SLICE_MS ? (int)left : POLL_SLICE_MS);

		if (ready > 0)
			return NULL;
		set_low_water(connection, 1); /* it was less than expected */
		if (ready < 0 && errno != EINTR)
			return lost(connection);
	}
}

/* Send and receive until new bytes arrived. */
static struct dill_error *pump(struct rsp_connection *connection, int64_t deadline)
{
	size_t held = connection->input_end - connection->input_start;

	set_low_water(connection, connection->expected > held ? connection->expected - held : 1);
	connection->expected = 0;
	do {
		TRY(push_output(connection));

		bool unsent = connection->output_sent < connection->output_length;

		TRY(wait_until(connection, (short)(POLLIN | (unsent ? POLLOUT : 0)), deadline));
		TRY(push_output(connection));
		TRY(pull_input(connection));
	} while (connection->input_end == held);
	return NULL;
}

/* Empty the output when the next packet might not fit. */
static struct dill_error *make_room(struct rsp_connection *connection)
{
	int64_t deadline = now_ms() + connection->timeout_ms;

	if (connection->output_sent == connection->output_length) {
		connection->output_sent = connection->output_length = 0;
		connection->batched = 0;
	}
	while (OUTPUT_LIMIT - connection->output_length < rsp_packet_encoded_limit(REQUEST_LIMIT)) {
		TRY(push_output(connection));
		if (connection->output_sent == connection->output_length)
			return make_room(connection);
		TRY(wait_until(connection, POLLOUT, deadline));
	}
	return NULL;
}

DILL_PRINTF(2, 0)
static struct dill_error *queue(struct rsp_connection *connection, const char *format,
				va_list arguments)
{
	char request[REQUEST_LIMIT];
	int length = vsnprintf(request, sizeof(request), format, arguments);

	assert(length >= 0 && (size_t)length < sizeof(request));
	if (connection->broken)
		return lost(connection);
	TRY(make_room(connection));
	connection->output_length +=
		rsp_packet_encode((struct span){(uint8_t *)request, (size_t)length},
				  connection->output + connection->output_length);
	connection->due++;
	connection->batched++;
	connection->packets++;
	return NULL;
}

struct dill_error *rsp_send(struct rsp_connection *connection, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	struct dill_error *error = queue(connection, format, arguments);
	va_end(arguments);
	return error;
}

/* The peer got a damaged request. Seen when the client before us died in the middle of a packet:
 * the stub takes our first one for the rest of it. */
static struct dill_error *resend(struct rsp_connection *connection)
{
	if (connection->due != 1 || connection->batched != 1 ||
	    connection->resent++ == RESEND_LIMIT)
		return broken(connection, "the gdbstub does not accept a request");
	connection->output_sent = 0;
	return NULL;
}

static struct dill_error *acknowledge(struct rsp_connection *connection)
{
	/* One byte always fits: the peer has read what it has answered. */
	ssize_t sent = send(connection->fd, "+", 1, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (sent < 0)
		return lost(connection);
	connection->unacknowledged = false;
	return NULL;
}

/* A whole packet is here. @p ret_final: it is the reply to a request. */
static struct dill_error *take_packet(struct rsp_connection *connection, struct span body,
				      struct span *ret, bool *ret_final)
{
	size_t length;

	if (!rsp_packet_decode(body, connection->payload, sizeof(connection->payload), &length))
		return broken(connection, "a reply of the gdbstub is malformed");
	connection->saw_packet = connection->unacknowledged = true;
	if (connection->acks == RSP_ACKS_ALWAYS)
		TRY(acknowledge(connection));

	struct span payload = {connection->payload, length};

	if (!connection->running && rsp_reply_is_exit(payload)) {
		connection->exited = true;
		return broken(connection, "the guest has ended");
	}
	if (connection->running && rsp_reply_is_stop(payload) &&
	    (!connection->stop || connection->wire < connection->stop))
		connection->stop = connection->wire;
	if (rsp_reply_is_stop(payload) || (connection->running && rsp_reply_is_exit(payload))) {
		connection->saw_stop = true;
		*ret_final = connection->running;
		connection->running = false;
		*ret = payload;
		return NULL;
	}
	if (!rsp_reply_is_output(payload) && connection->due)
		connection->due--;
	*ret = payload;
	*ret_final = true;
	return NULL;
}

/* Look at the next item that has arrived. @p ret_item tells whether it was there. */
static struct dill_error *take_item(struct rsp_connection *connection, enum rsp_item *ret_item,
				    struct span *ret, bool *ret_final)
{
	struct rsp_scan scan =
		rsp_packet_scan((struct span){connection->input + connection->input_start,
					      connection->input_end - connection->input_start});

	connection->input_start += scan.consumed;
	if (scan.item == RSP_PACKET)
		connection->wire = scan.consumed;
	*ret_item = scan.item;
	switch (scan.item) {
	case RSP_INCOMPLETE:
	case RSP_ACK:
	case RSP_NOTIFICATION:
		return NULL;
	case RSP_NAK:
		return resend(connection);
	case RSP_PACKET:
		return take_packet(connection, scan.body, ret, ret_final);
	case RSP_BAD_CHECKSUM:
		return broken(connection, "a reply of the gdbstub has a wrong checksum");
	case RSP_TOO_LONG:
		return broken(connection, "a reply of the gdbstub is longer than any can be");
	case RSP_GARBAGE:
		break;
	}
	return broken(connection, "the peer does not speak the gdbstub protocol");
}

struct dill_error *rsp_receive(struct rsp_connection *connection, struct span *ret)
{
	int64_t deadline = now_ms() + connection->timeout_ms;
	bool final = false;

	if (connection->broken)
		return lost(connection);
	TRY(check_interrupt(connection));
	while (!final) {
		enum rsp_item item;

		TRY(take_item(connection, &item, ret, &final));
		if (item == RSP_INCOMPLETE)
			TRY(pump(connection, deadline));
	}
	connection->resent = 0;
	return NULL;
}

struct dill_error *rsp_exchange(struct rsp_connection *connection, struct span *ret,
				const char *format, ...)
{
	va_list arguments;

	TRY(rsp_drain(connection));
	va_start(arguments, format);
	struct dill_error *error = queue(connection, format, arguments);
	va_end(arguments);
	TRY(error);
	TRY(rsp_receive(connection, ret));
	if (rsp_reply_is_output(*ret))
		return broken(connection, "the gdbstub says something nobody asked for");
	return NULL;
}

struct dill_error *rsp_drain(struct rsp_connection *connection)
{
	int64_t deadline = now_ms() + connection->timeout_ms;
	struct span ignored;

	while (connection->due) {
		if (now_ms() > deadline) /* output without an end */
			return broken(connection, "the gdbstub does not come to rest");
		TRY(rsp_receive(connection, &ignored));
	}
	return NULL;
}

/* --- running --- */

bool rsp_is_running(const struct rsp_connection *connection)
{
	return connection->running;
}

struct dill_error *rsp_send_run(struct rsp_connection *connection, const char *request)
{
	TRY(rsp_send(connection, "%s", request));
	connection->due--; /* its reply is the stop */
	connection->running = true;
	return NULL;
}

/* The reply to a request that was sent along with the resumption. */
static struct dill_error *check_change(struct span reply)
{
	unsigned code;

	if (rsp_equal(reply, "OK"))
		return NULL;
	if (rsp_reply_is_error(reply, &code))
		return dill_error_new(DILL_ERROR_PROTOCOL,
				      "the gdbstub refuses a breakpoint or register (E%02x)", code);
	return dill_error_new(DILL_ERROR_UNSUPPORTED,
			      "the gdbstub cannot set breakpoints or registers");
}

/* Wait for the next packet; false in *ret_arrived when none came in time. */
static struct dill_error *next_packet(struct rsp_connection *connection, int64_t deadline,
				      struct span *ret, bool *ret_arrived)
{
	*ret_arrived = false;
	while (!*ret_arrived) {
		enum rsp_item item;

		TRY(take_item(connection, &item, ret, ret_arrived));
		if (item != RSP_INCOMPLETE)
			continue;

		struct dill_error *error = pump(connection, deadline);

		if (error && dill_error_code(error) == DILL_ERROR_LIMIT) {
			dill_error_free(error);
			return NULL;
		}
		TRY(error);
	}
	return NULL;
}

struct dill_error *rsp_wait_stop(struct rsp_connection *connection, int timeout_ms,
				 struct span *ret)
{
	int64_t deadline = now_ms() + timeout_ms;
	struct dill_error *refused = NULL;
	bool arrived = true;

	*ret = (struct span){0};
	if (connection->broken)
		return lost(connection);
	if (connection->acks == RSP_ACKS_IMPLIED)
		rsp_expect(connection, connection->due * OK_SIZE + connection->stop);
	while (arrived) {
		bool running = connection->running;
		struct dill_error *error = next_packet(connection, deadline, ret, &arrived);

		if (error) {
			dill_error_free(refused);
			return error;
		}
		if (arrived && running && !connection->running)
			return refused;
		/* The first refusal tells most. */
		if (arrived && !refused)
			refused = check_change(*ret);
	}
	*ret = (struct span){0};
	return refused;
}

struct dill_error *rsp_break_in(struct rsp_connection *connection)
{
	int64_t deadline = now_ms() + connection->timeout_ms;

	while (connection->output_sent < connection->output_length) {
		TRY(push_output(connection));
		if (connection->output_sent < connection->output_length)
			TRY(wait_until(connection, POLLOUT, deadline));
	}
	/* One byte: the peer has read what was before it, or will. */
	if (send(connection->fd, "\x03", 1, MSG_NOSIGNAL) != 1)
		return lost(connection);
	return NULL;
}

struct dill_error *rsp_send_last(struct rsp_connection *connection, const char *request)
{
	TRY(rsp_send(connection, "%s", request));
	return push_output(connection);
}

void rsp_expect(struct rsp_connection *connection, size_t bytes)
{
	connection->expected = bytes < INPUT_LIMIT / 2 ? bytes : 0;
}

size_t rsp_wire_size(const struct rsp_connection *connection)
{
	return connection->wire;
}

struct dill_error *rsp_rest(struct rsp_connection *connection)
{
	set_low_water(connection, 1);
	return connection->unacknowledged ? acknowledge(connection) : NULL;
}
