/* SPDX-License-Identifier: MIT */
#include "base/write_all.h"

#include <errno.h>
#include <unistd.h>

bool write_all(int fd, const void *bytes, size_t length)
{
	for (const char *at = bytes; length;) {
		ssize_t written = write(fd, at, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written == 0)
			errno = EIO;
		if (written <= 0)
			return false;
		at += written;
		length -= (size_t)written;
	}
	return true;
}
