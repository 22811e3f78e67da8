/* SPDX-License-Identifier: MIT */
#include "bench/map_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

const uint8_t *map_file(const char *path, size_t *size)
{
	int file = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	void *bytes;

	if (file < 0 || fstat(file, &status) != 0) {
		perror(path);
		exit(1);
	}
	*size = (size_t)status.st_size;
	bytes = mmap(NULL, *size, PROT_READ, MAP_SHARED, file, 0);
	if (bytes == MAP_FAILED) {
		perror(path);
		exit(1);
	}
	close(file);
	return bytes;
}
