/* SPDX-License-Identifier: MIT */
#ifndef DILL_BASE_FILE_STATUS_H
#define DILL_BASE_FILE_STATUS_H

#include <stdbool.h>
#include <stdint.h>

/*
 * What the C library's stat() tells, as far as dill needs it. Built with glibc 2.33 or newer,
 * stat() and its kind are symbols that keep the plugin out of GDBs with an older C library;
 * statx(), which this uses, is in every one since 2.28.
 */
struct file_status {
	bool regular; /* a plain file: no folder, device, pipe */
	bool folder;
	bool socket;	 /* of the file system */
	bool is_private; /* ours, and nobody else can write it */
	uint32_t mode;	 /* permissions */
	uint64_t size;	 /* bytes */
	int64_t changed; /* when its content was last changed, seconds since 1970 */
	uint64_t device, inode;
};

/* What @path is, behind symbolic links. Returns 0, or -1 with errno set. */
int file_status_path(const char *path, struct file_status *ret);

/* What the open file @fd is. Returns 0, or -1 with errno set. */
int file_status_fd(int fd, struct file_status *ret);

#endif
