/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_BUILD_STORE_H
#define KERNEL_BUILD_STORE_H

#include "base/array.h"
#include "base/error.h"

/**
 * The folder of what is kept of builds of kernels: $XDG_CACHE_HOME/dill/builds, else
 * ~/.cache/dill/builds. Files are private, come into being whole, and the ones that were not used
 * for the longest time make room.
 */

/** Most files, and most bytes of all of them together. */
#define BUILD_STORE_FILES 16u
#define BUILD_STORE_BYTES (UINT64_C(256) << 20)

/** A kept file. */
struct build_entry {
	char *path;
	int64_t used; /**< seconds since 1970 */
	uint64_t size;
};

struct build_list {
	ARRAY(struct build_entry) entries; /**< the one that was used last comes first */
};

/**
 * List what is kept; not an error when there is no such folder. Files of other people are passed
 * over.
 * @return NULL; NO_MEMORY
 */
DILL_MUST_CHECK struct dill_error *build_store_list(struct build_list *ret);
void build_list_deinit(struct build_list *list);

static inline void build_list_deinitp(struct build_list *list)
{
	build_list_deinit(list);
}

/**
 * Read a file, at most @p most bytes of it.
 * @param ret  from malloc, the caller's
 * @return NULL; NOT_FOUND with the reason when it cannot be read; BAD_DATA for one that is not
 * private or that is too large; NO_MEMORY
 */
DILL_MUST_CHECK struct dill_error *build_store_read(const char *path, size_t most, uint8_t **ret,
						    size_t *ret_size);

/** Say that a file has been used. */
void build_store_touch(const char *path);

/**
 * Write a file in place of the one of the same name, if any, and make room.
 * @param name  without a folder: characters of a build id
 * @return NULL; NOT_FOUND with the reason; NO_MEMORY
 */
DILL_MUST_CHECK struct dill_error *build_store_write(const char *name, const uint8_t *bytes,
						     size_t size);

#endif
