/* SPDX-License-Identifier: MIT */
/* dill-docs: prints documents for the build; not installed. */
#include <stdio.h>
#include <string.h>

#include "cli/docs.h"

static struct dill_error *append(int argc, char **argv, struct strbuf *text)
{
	const struct command *command;

	if (argc == 2 && !strcmp(argv[1], "json"))
		return docs_append_json(text);
	if (argc == 2 && !strcmp(argv[1], "man")) {
		docs_append_man(text);
		return NULL;
	}
	if (argc == 3 && !strcmp(argv[1], "completion") && !strcmp(argv[2], "bash")) {
		docs_append_bash(text);
		return NULL;
	}
	if (argc == 3 && !strcmp(argv[1], "command")) {
		TRY(command_find(argv[2], &command));
		return docs_append_command(command, text);
	}
	return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
			      "usage: dill-docs json|man|command NAME|completion bash");
}

int main(int argc, char **argv)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf text = {0};
	struct dill_error *error = append(argc, argv, &text);

	if (!error)
		error = strbuf_error(&text);
	if (error) {
		fprintf(stderr, "dill-docs: %s\n", dill_error_text(error));
		dill_error_free(error);
		return 2;
	}
	return fputs(strbuf_get(&text), stdout) < 0 || fflush(stdout) ? 2 : 0;
}
