/* SPDX-License-Identifier: MIT */
#ifndef TARGET_RECORDING_FILE_H
#define TARGET_RECORDING_FILE_H

#include <stdio.h>

#include "base/span.h"
#include "target/recording.h"

/**
 * A recording as a file. All numbers are little-endian.
 *
 *     "DILLREC\n"            what the file is
 *     u32 version            1; 2 when the target ran while it was read
 *     u32 0
 *
 * and then one compressed stream (zstd, or gzip where libarchive has no zstd), which unfolds to
 *
 *     u32 what               set of enum dill_space, and 4 when the target ran while it was
 *                            read; this bit and version 2 go together
 *     u32 CPUs
 *     u32 length, bytes      the target's description
 *     per CPU: u64[11]       1 = known, 2 = has_control; then ip sp flags cs gs_base
 *                            kernel_gs_base cr0 cr3 cr4 efer
 *     per page: u64          address, and in its low bits: space (1 physical, 2 virtual),
 *                            4 = could not be read, 8 = all zeros; in ascending order
 *               u8[4096]     the page, when neither 4 nor 8 is set
 *     u64 ~0, u64 pages      the end, and how many there were
 *
 * Compressed as a whole because that makes an answer's recording a third of its size (11 MB of
 * pages: 3.8), small enough for a bug report; a recording is read whole anyway.
 */

#define RECORDING_MAGIC	      "DILLREC\n"
#define RECORDING_HEADER_SIZE 16u

/** True when a file that begins with @p head is a recording. */
bool recording_is_file(struct span head);

/** Write @p recording to @p file, which is empty. NULL; OS; NO_MEMORY; UNSUPPORTED (libarchive) */
DILL_MUST_CHECK struct dill_error *recording_write(const struct recording *recording, FILE *file);

/**
 * Read a file.
 * @param ret  empty from recording_init(); the caller's to free also after an error
 * @return NULL; BAD_DATA, with what is wrong; OS; LIMIT; UNSUPPORTED for a newer version; NO_MEMORY
 */
DILL_MUST_CHECK struct dill_error *recording_read(const char *path, struct recording *ret);

/** Where recording_parse() gets bytes from. */
struct recording_source {
	/** Fill @p buffer with @p size bytes, or fewer at the end. */
	struct dill_error *(*read)(void *context, void *buffer, size_t size, size_t *ret_got);
	void *context;
};

/** The part of recording_read() behind decompression; fuzzed. */
DILL_MUST_CHECK struct dill_error *recording_parse(const struct recording_source *source,
						   struct recording *ret);

#endif
