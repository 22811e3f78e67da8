/* SPDX-License-Identifier: MIT */
#ifndef TARGET_RECORDER_H
#define TARGET_RECORDER_H

#include <dill/target.h>

#include "base/error.h"

/**
 * A target that wraps another, answers as it does, and keeps what it answered.
 *
 * A page that is read twice is kept as it was last. So a recording of one command shows one moment;
 * one of several commands, between which the guest ran, mixes several, as a prompt does.
 */
struct recorder;

/** Its ops; the context is the recorder. Closing it closes the target inside too. */
extern const struct dill_target_ops recorder_ops;

/**
 * Wrap a target.
 *
 * @param path   where the recording shall be: a new file or one to replace, never a device. A
 *               temporary file is made beside it at once, so that a path that cannot be written
 *               fails before anything is asked.
 * @param inner, context  taken over, also on error
 * @return NULL; OS; INVALID_ARGUMENT when @p path is no place for a file; NO_MEMORY
 */
DILL_MUST_CHECK struct dill_error *recorder_new(const char *path,
						const struct dill_target_ops *inner, void *context,
						struct recorder **ret);

/**
 * Put the recording into its place, whole or not at all. Not between begin and end.
 * @param ret_pages  how many pages it holds
 * @param ret_bytes  size of the file
 * @return NULL; OS; NOT_FOUND when nothing was read, and then no file is made; LIMIT when it would
 * be too large: not every page was kept
 */
DILL_MUST_CHECK struct dill_error *recorder_save(struct recorder *recorder, uint64_t *ret_pages,
						 uint64_t *ret_bytes);

#endif
