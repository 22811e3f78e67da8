/* SPDX-License-Identifier: MIT */
#include "gdb/borrow.h"

#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "target/rsp_address.h"

union address {
	struct sockaddr any;
	struct sockaddr_in ipv4;
	struct sockaddr_in6 ipv6;
	struct sockaddr_un local;
	struct sockaddr_storage storage;
};

/* The forms that GDB takes and dill's own addresses do not have. */
static const char *skip_protocol(const char *details)
{
	static const char *const names[] = {"tcp:", "tcp4:", "tcp6:"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strncmp(details, names[i], strlen(names[i])) == 0)
			return details + strlen(names[i]);
	return details;
}

/* By port alone: how the host was written says nothing about the address it was found at. */
static bool is_connected_to(int fd, const struct rsp_address *wanted)
{
	union address peer = {0};
	socklen_t length = sizeof(peer) - 1; /* leaves a path NUL-terminated */
	uint16_t port;

	if (getpeername(fd, &peer.any, &length) < 0)
		return false;
	if (wanted->path)
		return peer.any.sa_family == AF_UNIX &&
		       strcmp(peer.local.sun_path, wanted->path) == 0;
	if (peer.any.sa_family == AF_INET)
		port = ntohs(peer.ipv4.sin_port);
	else if (peer.any.sa_family == AF_INET6)
		port = ntohs(peer.ipv6.sin6_port);
	else
		return false;
	return port == strtoul(wanted->port, NULL, 10);
}

static bool is_stream(int fd)
{
	int type;
	socklen_t length = sizeof(type);

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == SOCK_STREAM;
}

/* How many sockets are connected to @wanted; *ret is one of them. */
static unsigned count_sockets(DIR *files, const struct rsp_address *wanted, int *ret)
{
	unsigned count = 0;

	for (struct dirent *entry = readdir(files); entry; entry = readdir(files)) {
		char *end;
		long fd = strtol(entry->d_name, &end, 10);

		if (*end || end == entry->d_name || !is_stream((int)fd) ||
		    !is_connected_to((int)fd, wanted))
			continue;
		*ret = (int)fd;
		count++;
	}
	return count;
}

static struct dill_error *find(const struct rsp_address *wanted, int *ret)
{
	DIR *files = opendir("/proc/self/fd");
	unsigned count;
	int fd = -1;

	if (!files)
		return dill_error_new_os(errno, "/proc/self/fd");
	count = count_sockets(files, wanted, &fd);
	closedir(files);
	if (count != 1)
		return dill_error_new(DILL_ERROR_NOT_FOUND, "%u of GDB's files are connected to %s",
				      count, wanted->text);
	*ret = fd;
	return NULL;
}

struct dill_error *borrow_find(const char *details, int *ret)
{
	struct rsp_address wanted;
	struct dill_error *error;

	TRY(rsp_address_parse(skip_protocol(details), &wanted));
	error = find(&wanted, ret);
	rsp_address_deinit(&wanted);
	return error;
}
