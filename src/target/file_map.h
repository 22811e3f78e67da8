/* SPDX-License-Identifier: MIT */
#ifndef TARGET_FILE_MAP_H
#define TARGET_FILE_MAP_H

#include "base/array.h"
#include "base/error.h"
#include "base/span.h"

/** A file in a mapping: bytes [at, at + size). */
struct file_part {
	uint64_t at; /**< multiple of a page */
	uint64_t size;
	int fd;
};

/**
 * A file that is mapped to be read, or several, one behind the other. When one is cut short
 * meanwhile, or its disk or its server fails, the kernel sends SIGBUS to whoever looks at the part
 * that is gone: that would end the program, or GDB. Here such pages become zeros, and
 * file_map_check() says that there are some.
 */
struct file_map {
	struct span bytes;
	struct file_guard *guard; /**< NULL: none was free */
	ARRAY(struct file_part) parts;
};

/**
 * Map a file.
 * @param ret  to be given to file_map_close(), also after an error
 * @return NULL; OS; INVALID_ARGUMENT for what is no file; UNSUPPORTED for an empty one
 */
DILL_MUST_CHECK struct dill_error *file_map_open(const char *path, struct file_map *ret);
/** Map several in the order given, each from a page on: bytes between them are zeros. */
DILL_MUST_CHECK struct dill_error *file_map_open_all(const char *const *paths, size_t count,
						     struct file_map *ret);
/** Unmap it; nothing for one that is all 0. */
void file_map_close(struct file_map *map);

/**
 * Whether all that was looked at could be read, for the end of what used it.
 * @param what  of the file, for the error's text
 * @return NULL; OS: what was found may be wrong
 */
DILL_MUST_CHECK struct dill_error *file_map_check(const struct file_map *map, const char *what);

/** Take the file's pages out of this process; they stay in the host's page cache, and come back
 * when they are looked at. */
void file_map_trim(const struct file_map *map);

/**
 * The first bytes at or after @p from that the file system has written: what is between them is
 * zeros, and not even there on a disk. All of it where the file system does not tell.
 * @param ret_end  exclusive
 * @return false when there are no more
 */
bool file_map_next_data(const struct file_map *map, uint64_t from, uint64_t *ret_first,
			uint64_t *ret_end);

#endif
