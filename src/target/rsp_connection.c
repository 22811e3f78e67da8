/* SPDX-License-Identifier: MIT */
#include "target/rsp_connection.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "target/rsp_packet.h"
#include "target/rsp_reply.h"
#include "target/rsp_socket.h"

/* Longest request: a monitor command in hex. */
#define REQUEST_LIMIT 1024u
/* "+$OK#9a" */
#define OK_SIZE 7u
/* A damaged request is sent again so often. */
#define RESEND_LIMIT 3u

struct rsp_connection {
	struct rsp_socket *socket;
	int timeout_ms;
	const struct dill_host *host;
	enum rsp_acks acks;
	enum rsp_patience patience;
	bool broken, exited, saw_stop, saw_packet, unacknowledged;
	bool running; /* until a stop arrives */
	size_t due;   /* requests whose replies were not read yet */
	bool changes; /* those that are due change something: each reply must be "OK" */
	struct dill_error *refused; /* the first change that was not, and nobody was told of */
	size_t batched;		    /* requests in the socket's output */
	unsigned resent;
	size_t wire; /* bytes of the last packet as it came */
	size_t stop; /* those of the shortest stop reply so far; 0 = none came yet */
	uint64_t packets;
	uint8_t payload[RSP_PACKET_LIMIT];
};

struct dill_error *rsp_connection_new(int fd, int timeout_ms, const struct dill_host *host,
				      struct rsp_connection **ret)
{
	_cleanup_(rsp_connection_freep)
	struct rsp_connection *connection = calloc(1, sizeof(*connection));

	if (!connection)
		return error_no_memory();
	TRY(rsp_socket_new(fd, &connection->socket));
	connection->timeout_ms = timeout_ms;
	connection->host = host;
	*ret = steal(connection);
	return NULL;
}

void rsp_connection_free(struct rsp_connection *connection)
{
	if (connection) {
		rsp_socket_free(connection->socket);
		dill_error_free(connection->refused);
	}
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
	return rsp_socket_has_hung_up(connection->socket);
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

/* Behind what was no answer nothing is known to be one: that is as if the peer were gone. */
static struct dill_error *check_whole(struct rsp_connection *connection)
{
	if (connection->broken || rsp_has_hung_up(connection))
		return rsp_socket_lost(connection->socket);
	return NULL;
}

static bool may_interrupt(const struct rsp_connection *connection)
{
	return connection->patience == RSP_INTERRUPTIBLE ||
	       (connection->patience == RSP_UNTIL_ANSWERED && !connection->saw_packet);
}

static struct rsp_wait wait_until(const struct rsp_connection *connection, int64_t deadline_ms)
{
	return (struct rsp_wait){
		.deadline_ms = deadline_ms,
		.timeout_ms = connection->timeout_ms,
		.host = may_interrupt(connection) ? connection->host : NULL,
	};
}

static struct rsp_wait wait_usual(const struct rsp_connection *connection)
{
	return wait_until(connection, rsp_now_ms() + connection->timeout_ms);
}

DILL_PRINTF(2, 0)
static struct dill_error *queue(struct rsp_connection *connection, const char *format,
				va_list arguments)
{
	char request[REQUEST_LIMIT];
	int length = vsnprintf(request, sizeof(request), format, arguments);
	struct rsp_wait wait = wait_usual(connection);
	uint8_t *packet;

	assert(length >= 0 && (size_t)length < sizeof(request));
	TRY(check_whole(connection));
	TRY(rsp_socket_room(connection->socket, rsp_packet_encoded_limit(REQUEST_LIMIT), &wait,
			    &packet));
	if (rsp_socket_is_empty(connection->socket))
		connection->batched = 0;
	rsp_socket_queue(
		connection->socket,
		rsp_packet_encode((struct span){(uint8_t *)request, (size_t)length}, packet));
	connection->due++;
	connection->batched++;
	connection->packets++;
	return NULL;
}

/* Changes are due together with changes only, so that their replies are known. */
static struct dill_error *begin_kind(struct rsp_connection *connection, bool changes)
{
	if (connection->changes != changes)
		TRY(rsp_drain(connection));
	connection->changes = changes;
	return NULL;
}

struct dill_error *rsp_send(struct rsp_connection *connection, const char *format, ...)
{
	va_list arguments;

	TRY(begin_kind(connection, false));
	va_start(arguments, format);
	struct dill_error *error = queue(connection, format, arguments);
	va_end(arguments);
	return error;
}

struct dill_error *rsp_send_change(struct rsp_connection *connection, const char *format, ...)
{
	va_list arguments;

	TRY(begin_kind(connection, true));
	va_start(arguments, format);
	struct dill_error *error = queue(connection, format, arguments);
	va_end(arguments);
	return error;
}

static struct dill_error *check_interrupt(const struct rsp_connection *connection)
{
	struct rsp_wait wait = wait_usual(connection);

	return rsp_wait_check(&wait);
}

static struct dill_error *pump(struct rsp_connection *connection, int64_t deadline_ms)
{
	struct rsp_wait wait = wait_until(connection, deadline_ms);

	return rsp_socket_pump(connection->socket, &wait);
}

/* The peer got a damaged request. Seen when the client before us died in the middle of a packet:
 * the stub takes our first one for the rest of it. */
static struct dill_error *resend(struct rsp_connection *connection)
{
	if (connection->due != 1 || connection->batched != 1 ||
	    connection->resent++ == RESEND_LIMIT)
		return broken(connection, "the gdbstub does not accept a request");
	rsp_socket_rewind(connection->socket);
	return NULL;
}

static struct dill_error *acknowledge(struct rsp_connection *connection)
{
	struct rsp_wait wait = wait_usual(connection);

	TRY(rsp_socket_send_byte(connection->socket, '+', &wait));
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
	struct rsp_scan scan = rsp_packet_scan(rsp_socket_input(connection->socket));

	rsp_socket_take(connection->socket, scan.consumed);
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
	int64_t deadline = rsp_now_ms() + connection->timeout_ms;
	bool final = false;

	TRY(check_whole(connection));
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
	connection->changes = false;
	va_start(arguments, format);
	struct dill_error *error = queue(connection, format, arguments);
	va_end(arguments);
	TRY(error);
	TRY(rsp_receive(connection, ret));
	if (rsp_reply_is_output(*ret))
		return broken(connection, "the gdbstub says something nobody asked for");
	return NULL;
}

/* The reply to a change; the first refusal tells most. */
static void note_change(struct rsp_connection *connection, struct span reply)
{
	unsigned code;

	if (rsp_equal(reply, "OK") || connection->refused)
		return;
	connection->refused =
		rsp_reply_is_error(reply, &code)
			? dill_error_new(DILL_ERROR_PROTOCOL,
					 "the gdbstub refuses a breakpoint or register (E%02x)",
					 code)
			: dill_error_new(DILL_ERROR_UNSUPPORTED,
					 "the gdbstub cannot set breakpoints or registers");
}

struct dill_error *rsp_take_refusal(struct rsp_connection *connection)
{
	struct dill_error *error = connection->refused;

	connection->refused = NULL;
	return error;
}

struct dill_error *rsp_drain(struct rsp_connection *connection)
{
	int64_t deadline = rsp_now_ms() + connection->timeout_ms;
	struct span reply;

	while (connection->due) {
		size_t due = connection->due;

		if (rsp_now_ms() > deadline) /* output without an end */
			return broken(connection, "the gdbstub does not come to rest");
		TRY(rsp_receive(connection, &reply));
		if (connection->changes && connection->due < due)
			note_change(connection, reply);
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
	TRY(rsp_send_change(connection, "%s", request));
	connection->due--; /* its reply is the stop */
	connection->running = true;
	return NULL;
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
	int64_t deadline = rsp_now_ms() + timeout_ms;
	bool arrived = true;

	*ret = (struct span){0};
	TRY(check_whole(connection));
	if (connection->acks == RSP_ACKS_IMPLIED)
		rsp_expect(connection, connection->due * OK_SIZE + connection->stop);
	while (arrived) {
		bool running = connection->running;

		TRY(next_packet(connection, deadline, ret, &arrived));
		if (arrived && running && !connection->running)
			return rsp_take_refusal(connection);
		if (arrived && !rsp_reply_is_output(*ret))
			note_change(connection, *ret);
	}
	*ret = (struct span){0};
	return rsp_take_refusal(connection);
}

struct dill_error *rsp_break_in(struct rsp_connection *connection)
{
	struct rsp_wait wait = wait_usual(connection);

	TRY(rsp_socket_flush(connection->socket, &wait));
	return rsp_socket_send_byte(connection->socket, '\x03', &wait);
}

struct dill_error *rsp_send_last(struct rsp_connection *connection, const char *request)
{
	TRY(rsp_send(connection, "%s", request));
	return rsp_socket_push(connection->socket);
}

void rsp_expect(struct rsp_connection *connection, size_t bytes)
{
	rsp_socket_expect(connection->socket, bytes);
}

size_t rsp_wire_size(const struct rsp_connection *connection)
{
	return connection->wire;
}

struct dill_error *rsp_rest(struct rsp_connection *connection)
{
	rsp_socket_rest(connection->socket);
	return connection->unacknowledged ? acknowledge(connection) : NULL;
}
