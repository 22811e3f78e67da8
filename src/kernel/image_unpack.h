/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_IMAGE_UNPACK_H
#define KERNEL_IMAGE_UNPACK_H

#include "base/error.h"
#include "base/span.h"

/** Most bytes of a kernel, unpacked: some 70 MiB without debug information, 1 GiB with. */
#define IMAGE_FILE_MAX (UINT64_C(2) << 30)

/** True when @p file starts with the x86 boot protocol's setup header. */
bool image_is_bzimage(struct span file);

/**
 * The version that a bzImage states in front: "RELEASE (USER@HOST) BUILD".
 *
 * @param ret  NUL-terminated
 * @return false when it states none, or a longer one
 */
bool image_version(struct span file, char *ret, size_t size);

/**
 * Unpack the kernel inside a bzImage.
 *
 * @param ret  from malloc, the caller's
 * @return NULL; UNSUPPORTED for a compression that libarchive does not know; BAD_DATA; LIMIT
 *
 * Source: Documentation/arch/x86/boot.rst, payload_offset and payload_length (protocol 2.08 on);
 * scripts/Makefile.lib "size_append": the last four bytes of the payload are its unpacked size
 */
DILL_MUST_CHECK struct dill_error *image_unpack(struct span file, uint8_t **ret, size_t *ret_size);

#endif
