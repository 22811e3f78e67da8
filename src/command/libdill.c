/* SPDX-License-Identifier: MIT */
#include <dill/dill.h>

#include "command/command.h"
#include "target/open.h"

/*
 * The public interface: a thin skin, so that what is inside can change. A struct dill_session is a
 * struct session.
 */

_Static_assert((int)DILL_STATUS_OK == (int)COMMAND_OK &&
		       (int)DILL_STATUS_FINDINGS == (int)COMMAND_FINDINGS &&
		       (int)DILL_STATUS_FAILED == (int)COMMAND_FAILED,
	       "public and internal status are the same numbers");

static const struct dill_session_options no_options;

struct dill_error *dill_session_open(const struct dill_target_ops *ops, void *context,
				     const struct dill_session_options *options,
				     struct dill_session **ret)
{
	struct session *session;

	if (!options)
		options = &no_options;
	TRY(session_new(ops, context,
			&(struct session_options){.image_path = options->image_path,
						  .kernel_choice = options->kernel,
						  .host = options->host,
						  .no_cache = options->no_cache,
						  .evaluate = options->evaluate},
			&session));
	*ret = (struct dill_session *)session;
	return NULL;
}

struct dill_error *dill_session_open_remote(const char *address,
					    const struct dill_session_options *options,
					    struct dill_session **ret)
{
	struct target_options target_options = {.remote = address};
	const struct dill_target_ops *ops;
	void *context;

	if (options)
		target_options.host = options->host;
	TRY(rsp_open(&target_options, &ops, &context));
	return dill_session_open(ops, context, options, ret);
}

struct dill_error *dill_session_open_files(const char *const *paths, size_t count,
					   const struct dill_session_options *options,
					   struct dill_session **ret)
{
	struct target_options target_options = {
		.file = paths[0], .more_files = paths + 1, .more_count = count - 1};
	const struct dill_target_ops *ops;
	void *context;

	if (options) {
		target_options.host = options->host;
		target_options.memory_map = options->memory_map;
	}
	TRY(target_open(&target_options, &ops, &context));
	return dill_session_open(ops, context, options, ret);
}

void dill_session_close(struct dill_session *session)
{
	session_free((struct session *)session);
}

struct dill_error *dill_command_run(struct dill_session *session, int argc, const char *const *argv,
				    const struct dill_output *output, enum dill_status *ret)
{
	struct output inner = {
		.write = output->write,
		.context = output->context,
		.color = output->color,
		.width = output->width,
		.screen = output->width != 0,
		.format = output->format == DILL_FORMAT_JSON ? RENDER_JSON : RENDER_TEXT,
	};
	enum command_status status;
	struct dill_error *error =
		command_execute((struct session *)session, argc, argv, &inner, &status);

	*ret = (enum dill_status)status;
	return error;
}

struct dill_error *dill_command_run_records(struct dill_session *session, int argc,
					    const char *const *argv, struct dill_sink *sink,
					    enum dill_status *ret)
{
	const struct output inner = {.sink = sink};
	enum command_status status;
	struct dill_error *error =
		command_execute((struct session *)session, argc, argv, &inner, &status);

	*ret = (enum dill_status)status;
	return error;
}
