/* SPDX-License-Identifier: MIT */
#include "command/whole_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file_status.h"

/* As other programs' new files: mkstemp() makes them private. */
static void give_mode(const struct whole_file *file)
{
	mode_t mask = umask(0);

	umask(mask);
	fchmod(file->fd, file->mode < 0 ? 0666 & ~mask : (mode_t)file->mode);
}

/* Where the file really is, when there is one: behind links. */
static struct dill_error *resolve(const char *path, char **ret, int *ret_mode)
{
	struct file_status status;

	if (file_status_path(path, &status) != 0) {
		*ret = strdup(path);
	} else if (!status.regular) {
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
				      "it is no regular file: name another one");
	} else {
		*ret = realpath(path, NULL);
		*ret_mode = (int)status.mode;
	}
	return *ret ? NULL : dill_error_new_os(errno, "cannot tell where it is");
}

struct dill_error *whole_file_begin(const char *path, struct whole_file *ret)
{
	struct whole_file file = {.fd = -1, .mode = -1};

	TRY(resolve(path, &file.target, &file.mode));
	if (asprintf(&file.temporary, "%s.XXXXXX", file.target) < 0) {
		free(file.target);
		return error_no_memory();
	}
	file.fd = mkstemp(file.temporary);
	if (file.fd >= 0) {
		*ret = file;
		return NULL;
	}

	struct dill_error *error = dill_error_new_os(errno, "cannot create a file beside it");

	free(file.target);
	free(file.temporary);
	return error;
}

struct dill_error *whole_file_end(struct whole_file *file, struct dill_error *error)
{
	give_mode(file);
	if (close(file->fd) != 0 && !error)
		error = dill_error_new_os(errno, "cannot write it");
	if (!error && rename(file->temporary, file->target) != 0)
		error = dill_error_new_os(errno, "cannot replace it");
	if (error)
		unlink(file->temporary);
	free(file->target);
	free(file->temporary);
	return error;
}
