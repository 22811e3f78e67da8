/* SPDX-License-Identifier: MIT */
#include "target/open.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "target/recording_file.h"

/* A kind of file that can be a target, recognised by how it begins. */
struct file_backend {
	bool (*is_mine)(struct span head);
	struct dill_error *(*open)(const struct target_options *options,
				   const struct dill_target_ops **ret_ops, void **ret_context);
};

static const struct file_backend file_backends[] = {
	{recording_is_file, recording_open},
};

#define HEAD_SIZE 4096u

static struct dill_error *read_head(const char *path, uint8_t buffer[HEAD_SIZE], size_t *ret_size)
{
	FILE *file = fopen(path, "rbe");
	struct dill_error *error = NULL;

	if (!file)
		return dill_error_new_os(errno, "cannot open %s", path);
	*ret_size = fread(buffer, 1, HEAD_SIZE, file);
	if (ferror(file))
		error = dill_error_new_os(errno, "cannot read %s", path);
	fclose(file);
	return error;
}

/* Not to be mapped, as dumps are. */
static bool is_live(const char *path)
{
	_cleanup_(freep)
	char *real = realpath(path, NULL);

	return real && !strcmp(real, "/proc/kcore");
}

static struct dill_error *open_file(const struct target_options *options,
				    const struct dill_target_ops **ret_ops, void **ret_context)
{
	uint8_t buffer[HEAD_SIZE];
	struct span head = {buffer, 0};

	if (is_live(options->file) && options->more_count)
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
				      "/proc/kcore is no part of a dump");
	if (is_live(options->file))
		return running_system_open(options, ret_ops, ret_context);
	TRY(read_head(options->file, buffer, &head.size));
	for (size_t i = 0; i < sizeof(file_backends) / sizeof(*file_backends); i++) {
		if (!file_backends[i].is_mine(head))
			continue;
		if (options->more_count || options->memory_map)
			return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
					      "%s is a recording: it has no further files, and no "
					      "memory map",
					      options->file);
		return file_backends[i].open(options, ret_ops, ret_context);
	}
	return core_open(options, ret_ops, ret_context);
}

struct dill_error *target_open(const struct target_options *options,
			       const struct dill_target_ops **ret_ops, void **ret_context)
{
	if (!!options->remote + !!options->file + options->running_system > 1)
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
				      "give a gdbstub, a file or the running system as the target, "
				      "one of them");
	if (options->memory_map && !options->file)
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
				      "a memory map goes with a file of raw memory");
	if (options->running_system)
		return running_system_open(options, ret_ops, ret_context);
	if (options->file)
		return open_file(options, ret_ops, ret_context);
	return rsp_open(options, ret_ops, ret_context);
}
