/* SPDX-License-Identifier: MIT */
/* dill-docs: prints documents and tables for the build and for tools/docs.py; not installed. */
#include <stdio.h>
#include <string.h>

#include "cli/docs.h"

/* What is made of a command's name. */
static struct dill_error *append_of_command(const char *what, const char *name, struct strbuf *text)
{
	const struct command *command;

	TRY(command_find(name, &command));
	if (!strcmp(what, "records"))
		return docs_append_records(command, text);
	docs_append_usage(command, text);
	return NULL;
}

static struct dill_error *append(int argc, char **argv, struct strbuf *text)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (argc == 3 && (!strcmp(what, "usage") || !strcmp(what, "records")))
		return append_of_command(what, argv[2], text);
	if (argc == 2 && !strcmp(what, "shared-records"))
		return docs_append_records(NULL, text);
	if (argc == 2 && !strcmp(what, "kinds"))
		return docs_append_kinds(text);
	if (argc == 2 && !strcmp(what, "options"))
		docs_append_options(text);
	else if (argc == 2 && !strcmp(what, "members"))
		docs_append_members(text);
	else if (argc == 2 && !strcmp(what, "features"))
		docs_append_features(text);
	else if (argc == 3 && !strcmp(what, "man"))
		docs_append_man(argv[2], text);
	else
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
				      "usage: dill-docs usage COMMAND|records COMMAND|"
				      "shared-records|kinds|options|members|features|man LOADER");
	return NULL;
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
