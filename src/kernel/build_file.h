/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_BUILD_FILE_H
#define KERNEL_BUILD_FILE_H

#include "base/span.h"
#include "kernel/symbol_table.h"

/**
 * What is kept of a build of a kernel, as bytes of a file: its symbols and its BTF, and some of its
 * constant memory, by which a target is recognised. Addresses count from the image's start, so that
 * it does not matter where the kernel was put.
 */

#define BUILD_ID_MAX	64u
#define BUILD_NOTE_MAX	(16u + BUILD_ID_MAX)
#define BUILD_PROBES	8u
#define BUILD_PROBE_MAX 64u
/** Largest file that is read or written. */
#define BUILD_FILE_MAX (UINT64_C(128) << 20)

/** Bytes that lie in the memory of every such kernel. */
struct build_probe {
	uint64_t offset; /**< from the image's start */
	uint32_t size;	 /**< 0 = none */
	uint8_t bytes[BUILD_PROBE_MAX];
};

/** What stands at the beginning of the file. */
struct build_facts {
	uint64_t slide_known; /**< 1: linked_base was told by the kernel */
	uint64_t linked_base; /**< _text as linked */
	uint64_t note_offset; /**< of the ELF note with the build id, from the image's start */
	uint32_t note_size;   /**< header included */
	uint8_t note[BUILD_NOTE_MAX];
	struct build_probe probes[BUILD_PROBES];
};

/** Length of build_file_head()'s bytes. */
#define BUILD_HEAD_SIZE 1024u

/**
 * Read the beginning of a file.
 * @param head  its first BUILD_HEAD_SIZE bytes
 * @return NULL; BAD_DATA
 */
DILL_MUST_CHECK struct dill_error *build_file_head(struct span head, struct build_facts *ret);

/**
 * Read a whole file; all of it is checked.
 * @param base         where the image is in the target: symbols get their addresses there
 * @param ret_symbols  empty before; filled and indexed
 * @param ret_btf      inside of @p file, not checked; empty when none was kept
 * @return NULL; BAD_DATA; NO_MEMORY
 */
DILL_MUST_CHECK struct dill_error *build_file_read(struct span file, uint64_t base,
						   struct symbol_table *ret_symbols,
						   struct span *ret_btf);

/**
 * Make the bytes of a file.
 * @param base  where the image is in the target that @p symbols are of
 * @param ret   from malloc, the caller's
 * @return NULL; LIMIT when it would be too large; NO_MEMORY
 */
DILL_MUST_CHECK struct dill_error *build_file_make(const struct build_facts *facts, uint64_t base,
						   const struct symbol_table *symbols,
						   struct span btf, uint8_t **ret,
						   size_t *ret_size);

#endif
