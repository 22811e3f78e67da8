/* SPDX-License-Identifier: MIT */
#include "target/rsp_address.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "target/local_peer.h"

#define POLL_SLICE_MS 50
/* How long, and how often, a stub is asked whether its debugger has left. */
#define LEAVING_MS	 250
#define LEAVING_SLICE_MS 5

static void closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* Out of its guard. */
static int take(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

void rsp_address_deinit(struct rsp_address *address)
{
	free(address->text);
	free(address->host);
	free(address->port);
	free(address->path);
	*address = (struct rsp_address){0};
}

static struct dill_error *check_port(const char *port)
{
	char *end = NULL;
	unsigned long number = strtoul(port, &end, 10);

	if (strspn(port, "0123456789") != strlen(port) || end == port || !number || number > 65535)
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
				      "\"%s\" is no port: give a number from 1 to 65535", port);
	return NULL;
}

/* Split at the last colon; an IPv6 address wears brackets because it has colons of its own. */
static struct dill_error *parse_tcp(const char *text, struct rsp_address *ret)
{
	const char *colon = strrchr(text, ':');

	if (!colon)
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
				      "\"%s\" is no address: write HOST:PORT, :PORT or unix:PATH",
				      text);

	size_t length = (size_t)(colon - text);
	bool bracketed = length >= 2 && text[0] == '[' && text[length - 1] == ']';

	TRY(check_port(colon + 1));
	if (!bracketed && memchr(text, ':', length))
		return dill_error_new(
			DILL_ERROR_INVALID_ARGUMENT,
			"\"%s\" is ambiguous: write an IPv6 address as [ADDRESS]:PORT", text);
	if (bracketed)
		ret->host = strndup(text + 1, length - 2);
	else
		ret->host = length ? strndup(text, length) : strdup("127.0.0.1");
	ret->port = strdup(colon + 1);
	return ret->host && ret->port ? NULL : error_no_memory();
}

static struct dill_error *parse_path(const char *path, struct rsp_address *ret)
{
	if (!*path || strlen(path) >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
				      "a Unix socket's path has 1 to %zu bytes",
				      sizeof(((struct sockaddr_un *)0)->sun_path) - 1);
	ret->path = strdup(path);
	return ret->path ? NULL : error_no_memory();
}

struct dill_error *rsp_address_parse(const char *text, struct rsp_address *ret)
{
	_cleanup_(rsp_address_deinit)
	struct rsp_address address = {.text = strdup(text)};

	if (!address.text)
		return error_no_memory();
	if (!strncmp(text, "unix:", 5))
		TRY(parse_path(text + 5, &address));
	else if (strchr(text, '/'))
		TRY(parse_path(text, &address));
	else
		TRY(parse_tcp(text, &address));
	*ret = address;
	address = (struct rsp_address){0};
	return NULL;
}

static struct dill_error *cannot_connect(const struct rsp_address *address, int reason)
{
	return dill_error_new_os(reason,
				 "no gdbstub at %s (QEMU listens when started with -s or -gdb)",
				 address->text);
}

/* Wait for a connection under way; its fate is in SO_ERROR then. */
static struct dill_error *wait_connected(const struct rsp_address *address, int fd, int timeout_ms,
					 const struct dill_host *host)
{
	struct pollfd poller = {.fd = fd, .events = POLLOUT};
	int reason = 0;
	socklen_t size = sizeof(reason);

	for (int waited = 0; poll(&poller, 1, POLL_SLICE_MS) <= 0; waited += POLL_SLICE_MS) {
		if (host->interrupted && host->interrupted(host->context))
			return error_interrupted();
		if (waited >= timeout_ms)
			return cannot_connect(address, ETIMEDOUT);
	}
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &reason, &size))
		reason = errno;
	return reason ? cannot_connect(address, reason) : NULL;
}

/* A debugger that has just left, even dill itself, is served for another moment. */
static struct dill_error *check_free(const struct rsp_address *address,
				     const struct sockaddr *socket_address,
				     const struct dill_host *host)
{
	for (int waited = 0; local_peer_is_busy(socket_address); waited += LEAVING_SLICE_MS) {
		if (host->interrupted && host->interrupted(host->context))
			return error_interrupted();
		if (waited >= LEAVING_MS)
			return dill_error_new(DILL_ERROR_LIMIT,
					      "another debugger is attached to %s: a gdbstub "
					      "serves one at a time, detach the other first",
					      address->text);
		poll(NULL, 0, LEAVING_SLICE_MS);
	}
	return NULL;
}

static struct dill_error *connect_to(const struct rsp_address *address,
				     const struct sockaddr *socket_address, socklen_t size,
				     int timeout_ms, const struct dill_host *host, int *ret)
{
	_cleanup_(closep)
	int fd = socket(socket_address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int on = 1;

	if (fd < 0)
		return cannot_connect(address, errno);
	TRY(check_free(address, socket_address, host));
	if (connect(fd, socket_address, size)) {
		if (errno != EINPROGRESS && errno != EINTR)
			return cannot_connect(address, errno);
		TRY(wait_connected(address, fd, timeout_ms, host));
	}
	if (socket_address->sa_family != AF_UNIX)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	*ret = take(&fd);
	return NULL;
}

static struct dill_error *connect_unix(const struct rsp_address *address, int timeout_ms,
				       const struct dill_host *host, int *ret)
{
	struct sockaddr_un socket_address = {.sun_family = AF_UNIX};

	strncpy(socket_address.sun_path, address->path, sizeof(socket_address.sun_path) - 1);
	return connect_to(address, (struct sockaddr *)&socket_address, sizeof(socket_address),
			  timeout_ms, host, ret);
}

static struct dill_error *connect_tcp(const struct rsp_address *address, int timeout_ms,
				      const struct dill_host *host, int *ret)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	struct addrinfo *found = NULL;
	struct dill_error *error = NULL;
	int failure = getaddrinfo(address->host, address->port, &hints, &found);

	if (failure)
		return dill_error_new(DILL_ERROR_OS, "unknown host \"%s\": %s", address->host,
				      gai_strerror(failure));
	/* Names have several addresses, of which a stub often serves one: the last failure is told.
	 */
	for (const struct addrinfo *at = found; at; at = at->ai_next) {
		dill_error_free(error);
		error = connect_to(address, at->ai_addr, at->ai_addrlen, timeout_ms, host, ret);
		if (!error || dill_error_code(error) != DILL_ERROR_OS)
			break;
	}
	freeaddrinfo(found);
	return error;
}

struct dill_error *rsp_address_connect(const struct rsp_address *address, int timeout_ms,
				       const struct dill_host *host, int *ret)
{
	if (address->path)
		return connect_unix(address, timeout_ms, host, ret);
	return connect_tcp(address, timeout_ms, host, ret);
}
