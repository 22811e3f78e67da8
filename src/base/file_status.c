/* SPDX-License-Identifier: MIT */
#include "base/file_status.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static int get(int fd, const char *path, int flags, struct file_status *ret)
{
	struct statx status;

	if (statx(fd, path, flags, STATX_BASIC_STATS, &status) != 0)
		return -1;
	*ret = (struct file_status){
		.regular = S_ISREG(status.stx_mode),
		.folder = S_ISDIR(status.stx_mode),
		.is_private = status.stx_uid == geteuid() && !(status.stx_mode & 022),
		.socket = S_ISSOCK(status.stx_mode),
		.mode = status.stx_mode & 07777u,
		.size = status.stx_size,
		.changed = status.stx_mtime.tv_sec,
		.device = (uint64_t)status.stx_dev_major << 32 | status.stx_dev_minor,
		.inode = status.stx_ino,
	};
	return 0;
}

int file_status_path(const char *path, struct file_status *ret)
{
	return get(AT_FDCWD, path, 0, ret);
}

int file_status_fd(int fd, struct file_status *ret)
{
	return get(fd, "", AT_EMPTY_PATH, ret);
}
