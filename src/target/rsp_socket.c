/* SPDX-License-Identifier: MIT */
#include "target/rsp_socket.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "target/rsp_packet.h"

/* A packet of full length and what came along with it. */
#define INPUT_LIMIT (RSP_PACKET_LIMIT + (size_t)64 * 1024)
/* How often a waiting dill asks whether it is still wanted. */
#define POLL_SLICE_MS 50
/* How long dill stays awake for an answer. A stub on this machine answers within that; to be woken
 * on a processor that has gone idle meanwhile takes longer than the answer, and its threads fare
 * better when they have no idle processor to move to. Measured with QEMU 11 in a virtual
 * machine: 2.2 times the stops a second.
 */
#define AWAKE_US 300

struct rsp_socket {
	int fd;
	int low_water;	 /* of the socket */
	size_t expected; /* bytes that the next wait is for */
	bool hung_up;
	size_t output_length, output_sent;
	size_t input_start, input_end;
	uint8_t output[RSP_SOCKET_OUTPUT], input[INPUT_LIMIT];
};

struct dill_error *rsp_socket_new(int fd, struct rsp_socket **ret)
{
	struct rsp_socket *socket = calloc(1, sizeof(*socket));

	if (!socket)
		return error_no_memory();
	socket->fd = fd;
	socket->low_water = 1;
	*ret = socket;
	return NULL;
}

/* Let poll() return for so many bytes, not for the first one. */
static void set_low_water(struct rsp_socket *socket, size_t bytes)
{
	int wanted = bytes > 1 ? (int)bytes : 1;

	if (wanted == socket->low_water)
		return;
	/* A socket that cannot wakes us more often. */
	(void)setsockopt(socket->fd, SOL_SOCKET, SO_RCVLOWAT, &wanted, sizeof(wanted));
	socket->low_water = wanted;
}

void rsp_socket_rest(struct rsp_socket *socket)
{
	set_low_water(socket, 1);
}

void rsp_socket_free(struct rsp_socket *socket)
{
	if (socket)
		rsp_socket_rest(socket);
	free(socket);
}

struct dill_error *rsp_socket_lost(struct rsp_socket *socket)
{
	socket->hung_up = true;
	return dill_error_new(DILL_ERROR_PROTOCOL, "the connection to the gdbstub was lost");
}

bool rsp_socket_has_hung_up(const struct rsp_socket *socket)
{
	return socket->hung_up;
}

/* --- waiting --- */

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

int64_t rsp_now_ms(void)
{
	return now_us() / 1000;
}

struct dill_error *rsp_wait_check(const struct rsp_wait *wait)
{
	const struct dill_host *host = wait->host;

	if (host && host->interrupted && host->interrupted(host->context))
		return error_interrupted();
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

/* Wait until bytes move in the wanted directions. */
static struct dill_error *wait_until(struct rsp_socket *socket, short events,
				     const struct rsp_wait *wait)
{
	struct pollfd poller = {.fd = socket->fd, .events = events};

	TRY(rsp_wait_check(wait));
	if (poll_awake(&poller) > 0)
		return NULL;
	for (;;) {
		int64_t left = wait->deadline_ms - rsp_now_ms();

		TRY(rsp_wait_check(wait));
		if (left <= 0)
			return dill_error_new(DILL_ERROR_LIMIT, "no answer within %g s",
					      wait->timeout_ms / 1000.0);

		int ready = poll(&poller, 1, left < POLL_SLICE_MS ? (int)left : POLL_SLICE_MS);

		if (ready > 0)
			return NULL;
		if (ready < 0 && errno != EINTR)
			return rsp_socket_lost(socket);
		set_low_water(socket, 1); /* it was less than expected */
	}
}

static bool is_transient(int error)
{
	return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

/* --- output --- */

static bool has_unsent(const struct rsp_socket *socket)
{
	return socket->output_sent < socket->output_length;
}

struct dill_error *rsp_socket_push(struct rsp_socket *socket)
{
	while (has_unsent(socket)) {
		ssize_t sent = send(socket->fd, socket->output + socket->output_sent,
				    socket->output_length - socket->output_sent,
				    MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent < 0 && is_transient(errno))
			return NULL;
		if (sent < 0)
			return rsp_socket_lost(socket);
		socket->output_sent += (size_t)sent;
	}
	return NULL;
}

struct dill_error *rsp_socket_flush(struct rsp_socket *socket, const struct rsp_wait *wait)
{
	while (has_unsent(socket)) {
		TRY(rsp_socket_push(socket));
		if (has_unsent(socket))
			TRY(wait_until(socket, POLLOUT, wait));
	}
	return NULL;
}

struct dill_error *rsp_socket_room(struct rsp_socket *socket, size_t size,
				   const struct rsp_wait *wait, uint8_t **ret)
{
	assert(size <= RSP_SOCKET_OUTPUT);
	if (RSP_SOCKET_OUTPUT - socket->output_length < size)
		TRY(rsp_socket_flush(socket, wait));
	if (!has_unsent(socket))
		socket->output_sent = socket->output_length = 0;
	*ret = socket->output + socket->output_length;
	return NULL;
}

void rsp_socket_queue(struct rsp_socket *socket, size_t size)
{
	socket->output_length += size;
}

bool rsp_socket_is_empty(const struct rsp_socket *socket)
{
	return !socket->output_length;
}

void rsp_socket_rewind(struct rsp_socket *socket)
{
	socket->output_sent = 0;
}

struct dill_error *rsp_socket_send_byte(struct rsp_socket *socket, char byte,
					const struct rsp_wait *wait)
{
	while (send(socket->fd, &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT) != 1) {
		if (!is_transient(errno))
			return rsp_socket_lost(socket);
		TRY(wait_until(socket, POLLOUT, wait)); /* for a peer that does not read */
	}
	return NULL;
}

/* --- input --- */

struct span rsp_socket_input(const struct rsp_socket *socket)
{
	return (struct span){socket->input + socket->input_start,
			     socket->input_end - socket->input_start};
}

void rsp_socket_take(struct rsp_socket *socket, size_t size)
{
	socket->input_start += size;
}

void rsp_socket_expect(struct rsp_socket *socket, size_t bytes)
{
	socket->expected = bytes < INPUT_LIMIT / 2 ? bytes : 0;
}

/* Take what has arrived. */
static struct dill_error *pull(struct rsp_socket *socket)
{
	size_t held = socket->input_end - socket->input_start;

	memmove(socket->input, socket->input + socket->input_start, held);
	socket->input_start = 0;
	socket->input_end = held;

	ssize_t received = recv(socket->fd, socket->input + held, INPUT_LIMIT - held, MSG_DONTWAIT);

	if (received < 0 && is_transient(errno))
		return NULL;
	if (received <= 0)
		return rsp_socket_lost(socket);
	socket->input_end += (size_t)received;
	return NULL;
}

struct dill_error *rsp_socket_pump(struct rsp_socket *socket, const struct rsp_wait *wait)
{
	size_t held = socket->input_end - socket->input_start;

	set_low_water(socket, socket->expected > held ? socket->expected - held : 1);
	socket->expected = 0;
	do {
		TRY(rsp_socket_push(socket));
		TRY(wait_until(socket, (short)(POLLIN | (has_unsent(socket) ? POLLOUT : 0)), wait));
		TRY(rsp_socket_push(socket));
		TRY(pull(socket));
	} while (socket->input_end == held);
	return NULL;
}
