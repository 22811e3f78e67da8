/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_KERNEL_FILE_H
#define KERNEL_KERNEL_FILE_H

#include <dill/target.h>

#include "base/error.h"
#include "base/span.h"

struct kernel;

/* The user's vmlinux or bzImage, and whether it is this kernel's. */

/** Open the file; one that was merely offered may be of anything, and is dropped then. */
DILL_MUST_CHECK struct dill_error *kernel_file_open(struct kernel *kernel, const char *path);

/** Refuse a file that is another kernel's, or another build of it. Needs the banner. */
DILL_MUST_CHECK struct dill_error *kernel_file_check(struct kernel *kernel);

/** For a target that has symbols of its own: kernel_file_check(), but a wrong file that was merely
 * offered is dropped with a remark. */
DILL_MUST_CHECK struct dill_error *kernel_file_settle(struct kernel *kernel);

/**
 * Read the ELF note with the build id of the running kernel; empty when there is none.
 * @param buffer  BUILD_NOTE_MAX bytes, which hold it then
 */
DILL_MUST_CHECK struct dill_error *kernel_build_note(struct kernel *kernel, uint8_t *buffer,
						     struct span *ret, dill_virt *ret_address);

#endif
