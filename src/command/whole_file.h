/* SPDX-License-Identifier: MIT */
#ifndef COMMAND_WHOLE_FILE_H
#define COMMAND_WHOLE_FILE_H

#include "base/error.h"

/** A file that is written completely or not at all: beside its place first. */
struct whole_file {
	int fd;			  /**< to write to */
	int mode;		  /**< the permissions that it is to have; -1 = the usual ones */
	char *target, *temporary; /**< its place, behind links, and where it is as yet */
};

/**
 * Begin to write a file.
 * @param path  of a regular file, which is replaced at the end and keeps its permissions, or of
 * none
 * @param ret   to be given to whole_file_end(), unless this fails
 * @return NULL; INVALID_ARGUMENT when something else is there; OS
 */
DILL_MUST_CHECK struct dill_error *whole_file_begin(const char *path, struct whole_file *ret);

/**
 * Close the file and put it in its place, or remove it.
 * @param error  of writing it; may be NULL; taken over
 * @return that error; OS; NULL
 */
DILL_MUST_CHECK struct dill_error *whole_file_end(struct whole_file *file,
						  struct dill_error *error);

#endif
