/* SPDX-License-Identifier: MIT */
#include "target/local_peer.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file_status.h"

/* States of /proc/net/tcp (include/net/tcp_states.h) and /proc/net/unix (SS_CONNECTED). */
#define TCP_ESTABLISHED_STATE 1u
#define UNIX_CONNECTED_STATE  3u

static void fclosep(FILE **file)
{
	if (*file)
		fclose(*file);
}

static void closedirp(DIR **folder)
{
	if (*folder)
		closedir(*folder);
}

/* --- which process --- */

/* The file name says what a program is: qemu-system-x86_64, qemu-kvm. */
static bool is_qemu(pid_t pid)
{
	char link[64], path[4096];

	snprintf(link, sizeof(link), "/proc/%d/exe", (int)pid);

	ssize_t length = readlink(link, path, sizeof(path) - 1);

	if (length <= 0)
		return false;
	path[length] = '\0';

	const char *slash = strrchr(path, '/');

	return strstr(slash ? slash : path, "qemu");
}

static bool holds_socket(pid_t pid, uint64_t inode)
{
	char path[64], wanted[64];

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	snprintf(wanted, sizeof(wanted), "socket:[%" PRIu64 "]", inode);
	_cleanup_(closedirp)
	DIR *folder = opendir(path);
	const struct dirent *entry;
	int fd = folder ? dirfd(folder) : -1;

	while (fd >= 0 && (entry = readdir(folder))) {
		char link[sizeof(wanted)];
		ssize_t length = readlinkat(fd, entry->d_name, link, sizeof(link) - 1);

		if (length <= 0)
			continue;
		link[length] = '\0';
		if (!strcmp(link, wanted))
			return true;
	}
	return false;
}

/* The QEMU that holds a socket, 0 when none does. */
static pid_t qemu_of_socket(uint64_t inode)
{
	_cleanup_(closedirp)
	DIR *folder = opendir("/proc");
	const struct dirent *entry;

	while (folder && (entry = readdir(folder))) {
		pid_t pid = isdigit((unsigned char)entry->d_name[0]) ? atoi(entry->d_name) : 0;

		if (pid > 0 && is_qemu(pid) && holds_socket(pid, inode))
			return pid;
	}
	return 0;
}

/* --- TCP --- */

/* An address and port; IPv4 in the form that IPv6 gives it, since a socket may serve both. */
struct endpoint {
	uint32_t address[4]; /* network byte order */
	unsigned port;
};

struct connection {
	struct endpoint local, remote;
	unsigned state;
	uint64_t inode;
};

static struct endpoint from_ipv4(uint32_t address, unsigned port)
{
	return (struct endpoint){{0, 0, htonl(0xffff), address}, port};
}

static bool endpoint_of(const struct sockaddr *address, struct endpoint *ret)
{
	struct sockaddr_in ipv4;
	struct sockaddr_in6 ipv6;

	if (address->sa_family == AF_INET) {
		memcpy(&ipv4, address, sizeof(ipv4));
		*ret = from_ipv4(ipv4.sin_addr.s_addr, ntohs(ipv4.sin_port));
		return true;
	}
	if (address->sa_family != AF_INET6)
		return false;
	memcpy(&ipv6, address, sizeof(ipv6));
	memcpy(ret->address, &ipv6.sin6_addr, sizeof(ret->address));
	ret->port = ntohs(ipv6.sin6_port);
	return true;
}

static bool same_address(const struct endpoint *a, const struct endpoint *b)
{
	return !memcmp(a->address, b->address, sizeof(a->address));
}

static bool is_loopback(const struct endpoint *endpoint)
{
	const uint32_t *word = endpoint->address;

	if (word[0] || word[1])
		return false;
	if (word[2] == htonl(0xffff))
		return ntohl(word[3]) >> 24 == 127;
	return !word[2] && word[3] == htonl(1);
}

/* "0100007F:04D2", or four such words: each printed as a number of this machine's byte order. */
static bool parse_endpoint(const char *text, struct endpoint *ret)
{
	uint32_t *word = ret->address;

	if (strcspn(text, ":") == 32)
		return sscanf(text, "%8" SCNx32 "%8" SCNx32 "%8" SCNx32 "%8" SCNx32 ":%x", &word[0],
			      &word[1], &word[2], &word[3], &ret->port) == 5;
	*ret = from_ipv4(0, 0);
	return sscanf(text, "%8" SCNx32 ":%x", &word[3], &ret->port) == 2;
}

static bool parse_connection(const char *line, struct connection *ret)
{
	char local[64], remote[64];

	return sscanf(line, " %*d: %63s %63s %x %*s %*s %*s %*s %*s %" SCNu64, local, remote,
		      &ret->state, &ret->inode) == 4 &&
	       parse_endpoint(local, &ret->local) && parse_endpoint(remote, &ret->remote);
}

typedef bool (*connection_test)(const struct connection *connection, const void *wanted);

/* The QEMU that holds the first connection in @p table that passes @p test. */
static pid_t search_table(const char *table, connection_test test, const void *wanted)
{
	_cleanup_(fclosep)
	FILE *file = fopen(table, "re");
	struct connection connection;
	char line[512];

	while (file && fgets(line, sizeof(line), file)) {
		if (!parse_connection(line, &connection) || !connection.inode ||
		    connection.state != TCP_ESTABLISHED_STATE || !test(&connection, wanted))
			continue;

		pid_t pid = qemu_of_socket(connection.inode);

		if (pid)
			return pid;
	}
	return 0;
}

static pid_t search_tcp(connection_test test, const void *wanted)
{
	pid_t pid = search_table("/proc/net/tcp", test, wanted);

	return pid ? pid : search_table("/proc/net/tcp6", test, wanted);
}

/* Another debugger may have come by another of the machine's addresses. */
static bool serves_endpoint(const struct connection *connection, const void *wanted)
{
	const struct endpoint *endpoint = wanted;

	return connection->local.port == endpoint->port &&
	       (is_loopback(endpoint) || same_address(&connection->local, endpoint));
}

struct endpoint_pair {
	struct endpoint here, there;
};

static bool is_other_end(const struct connection *connection, const void *wanted)
{
	const struct endpoint_pair *pair = wanted;

	return connection->local.port == pair->there.port &&
	       connection->remote.port == pair->here.port &&
	       same_address(&connection->local, &pair->there) &&
	       same_address(&connection->remote, &pair->here);
}

/* --- Unix sockets --- */

static bool same_file(const char *a, const char *b)
{
	struct file_status left, right;

	return !file_status_path(a, &left) && !file_status_path(b, &right) &&
	       left.device == right.device && left.inode == right.inode;
}

static bool unix_is_busy(const char *path)
{
	_cleanup_(fclosep)
	FILE *file = fopen("/proc/net/unix", "re");
	char line[512], bound[256];
	unsigned state;
	uint64_t inode;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%*s %*s %*s %*s %*s %x %" SCNu64 " %255[^\n]", &state, &inode,
			   bound) == 3 &&
		    state == UNIX_CONNECTED_STATE && inode && same_file(bound, path) &&
		    qemu_of_socket(inode))
			return true;
	return false;
}

static pid_t unix_peer(int fd)
{
	struct ucred peer = {0};
	socklen_t size = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) || peer.pid <= 0)
		return 0;
	return is_qemu(peer.pid) ? peer.pid : 0;
}

/* --- both --- */

bool local_peer_is_busy(const struct sockaddr *address)
{
	struct endpoint endpoint;
	struct sockaddr_un socket_address;

	if (address->sa_family == AF_UNIX) {
		memcpy(&socket_address, address, sizeof(socket_address));
		return unix_is_busy(socket_address.sun_path);
	}
	return endpoint_of(address, &endpoint) && search_tcp(serves_endpoint, &endpoint);
}

pid_t local_peer_qemu(int fd)
{
	struct sockaddr_storage here = {0}, there = {0};
	socklen_t here_size = sizeof(here), there_size = sizeof(there);
	struct endpoint_pair pair;

	if (getsockname(fd, (struct sockaddr *)&here, &here_size) ||
	    getpeername(fd, (struct sockaddr *)&there, &there_size))
		return 0;
	if (here.ss_family == AF_UNIX)
		return unix_peer(fd);
	if (!endpoint_of((struct sockaddr *)&here, &pair.here) ||
	    !endpoint_of((struct sockaddr *)&there, &pair.there))
		return 0;
	return search_tcp(is_other_end, &pair);
}
