/* SPDX-License-Identifier: MIT */
/* A whole program on libdill: runs one command on a gdbstub. use_library HOST:PORT COMMAND... */
#include <stdio.h>

#include <dill/dill.h>

static struct dill_error *print(void *context, const char *bytes, size_t length)
{
	(void)context;
	if (fwrite(bytes, 1, length, stdout) == length)
		return NULL;
	return dill_error_new(DILL_ERROR_OS, "cannot write the answer");
}

static struct dill_error *run(int argc, char **argv, enum dill_status *ret)
{
	const struct dill_output output = {.write = print, .format = DILL_FORMAT_JSON};
	struct dill_session *session;
	struct dill_error *error = dill_session_open_remote(argv[1], NULL, &session);

	if (error)
		return error;
	error = dill_command_run(session, argc - 2, (const char *const *)argv + 2, &output, ret);
	dill_session_close(session);
	return error;
}

int main(int argc, char **argv)
{
	enum dill_status status = DILL_STATUS_FAILED;
	struct dill_error *error;

	if (argc < 3)
		return DILL_STATUS_FAILED;
	error = run(argc, argv, &status);
	if (error)
		fprintf(stderr, "%s\n", dill_error_text(error));
	dill_error_free(error);
	return (int)status;
}
