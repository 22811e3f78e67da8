/* SPDX-License-Identifier: MIT */
#ifndef TARGET_LOCAL_PEER_H
#define TARGET_LOCAL_PEER_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>

/**
 * Who is at the other end of a socket, when that is a process of this machine.
 *
 * What cannot be found out (no /proc, no permission, another machine) is "no" and never an error:
 * everything works without the answer.
 */

/**
 * True when a QEMU of this machine listens at @p address and somebody is connected to it there.
 * @param address  AF_INET, AF_INET6 or AF_UNIX
 */
bool local_peer_is_busy(const struct sockaddr *address);

/**
 * The QEMU process at the other end of a connected socket.
 * @return its process id, 0 when it is not on this machine, not QEMU, or not to be found
 */
pid_t local_peer_qemu(int fd);

#endif
