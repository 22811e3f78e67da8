/* SPDX-License-Identifier: MIT */
#ifndef TARGET_FILE_MAP_H
#define TARGET_FILE_MAP_H

#include "base/error.h"
#include "base/span.h"

/**
 * A file that is mapped to be read. When it is cut short meanwhile, or its disk or its server
 * fails, the kernel sends SIGBUS to whoever looks at the part that is gone: that would end the
 * program, or GDB. Here such pages become zeros, and file_map_check() says that there are some.
 */
struct file_map {
	struct span bytes;
	struct file_guard *guard; /**< NULL: none was free */
};

/**
 * Map a file.
 * @param ret  to be given to file_map_close(), also after an error
 * @return NULL; OS; INVALID_ARGUMENT for what is no file; UNSUPPORTED for an empty one
 */
DILL_MUST_CHECK struct dill_error *file_map_open(const char *path, struct file_map *ret);
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

#endif
