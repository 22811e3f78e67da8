/* SPDX-License-Identifier: MIT */
#ifndef TARGET_CORE_FILE_H
#define TARGET_CORE_FILE_H

#include <stdbool.h>

#include "base/span.h"
#include "target/extents.h"
#include "target/file_map.h"

/**
 * The bytes of a dump. They are those of its file, which is mapped, so that only what is asked for
 * is read; or they are scattered in it: in makedumpfile's flattened format, which can be written to
 * a pipe, each piece of the dump stands behind a header that says where it belongs.
 *
 * Never changes once it is open: any number of threads may read.
 */
struct core_file {
	struct span mapped; /**< the whole file */
	struct span dump;   /**< the whole dump, in one piece; empty when it is scattered */
	uint64_t size;	    /**< of the dump */
	bool is_flattened;
	bool is_scattered; /**< flattened, or in several files that do not end at a page's end */
	bool is_cut;	   /**< flattened, and its end is missing */
	struct extents pieces; /**< scattered: where the dump's bytes lie in `mapped` */
	struct file_map map;   /**< of core_file_open() */
};

/**
 * Open a file.
 * @param ret  to be given to core_file_deinit(), also after an error
 * @return NULL; as file_map_open() and core_file_init()
 */
DILL_MUST_CHECK struct dill_error *core_file_open(const char *path, struct core_file *ret);

/**
 * Open files that were one, in their order.
 * @return NULL; as core_file_open(); UNSUPPORTED for a flattened file in pieces that are no pages
 */
DILL_MUST_CHECK struct dill_error *core_file_open_all(const char *const *paths, size_t count,
						      struct core_file *ret);

/** The same for bytes in memory, which are borrowed. NULL; BAD_DATA, LIMIT for a broken flattened
 * file; NO_MEMORY */
DILL_MUST_CHECK struct dill_error *core_file_init(struct span bytes, struct core_file *ret);
void core_file_deinit(struct core_file *file);

/** Bytes of the dump from @p offset on without a copy: as many of @p length as lie in one piece.
 * Valid as long as the file is. */
struct span core_file_span(const struct core_file *file, uint64_t offset, uint64_t length);

/** Copy bytes of the dump. False when they are not all there. */
bool core_file_read(const struct core_file *file, uint64_t offset, void *buffer, size_t length);

#endif
