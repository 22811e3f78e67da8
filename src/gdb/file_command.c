/* SPDX-License-Identifier: MIT */
#include "gdb/file_command.h"

#include "command/words.h"
#include "gdb/own_command.h"
#include "gdb/plugin_session.h"
#include "gdb/short_names.h"

/*
 * dill open, dill close: dumps and recordings in place of GDB's target. They are GDB's alone; the
 * program has -c.
 */

/* "~" as GDB's own commands take it. The caller's, NULL with an exception. */
static char *expand(const char *path)
{
	_cleanup_(py_decrefp)
	PyObject *module = PyImport_ImportModule("os.path");
	_cleanup_(py_decrefp)
	PyObject *expanded = module ? py_call(module, "expanduser", "(s)", path) : NULL;

	return expanded ? py_text(expanded) : NULL;
}

static struct dill_error *say(struct plugin *plugin, const char *what)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf line = {0};
	_cleanup_(py_decrefp)
	PyObject *done = NULL;

	strbuf_append_format(&line, "dill answers from the %s\n", what);
	TRY(strbuf_error(&line));
	done = py_call(plugin->gdb, "write", "(s)", strbuf_get(&line));
	return done ? NULL : py_error();
}

static void opened_free(struct opened *opened)
{
	if (!opened)
		return;
	for (size_t i = 0; i < opened->files.count; i++)
		free(opened->files.items[i]);
	array_free(&opened->files);
	free(opened->memory_map);
	free(opened->kernel);
	free(opened);
}
DEFINE_CLEANUP(struct opened *, opened_free)

/* Whether it can be opened shows at once; the kernel in it is looked for by the first command. */
static struct dill_error *open_files(struct plugin *plugin, struct opened *opened)
{
	struct session *session;
	struct opened *before = plugin->opened;
	struct dill_error *error;

	plugin->opened = opened;
	plugin->opened_count++;
	error = plugin_session(plugin, &session);
	if (!error)
		error = say(plugin, target_describe(session_target(session)));
	if (error) { /* as it was: the next command opens it again */
		plugin->opened = before;
		plugin->opened_count++;
		opened_free(opened);
		return error;
	}
	opened_free(before);
	return short_names_needed(plugin) ? NULL : py_error();
}

/* "--kernel=2": the text behind the sign, from malloc. False when the word is another one. */
static bool take_option(const char *word, const char *name, char **ret)
{
	size_t length = strlen(name);

	if (strncmp(word, name, length) != 0)
		return false;
	free(*ret);
	*ret = strdup(word + length);
	return true;
}

static struct dill_error *take_word(struct opened *opened, const char *word)
{
	struct dill_error *error;
	char *path;

	if (take_option(word, "--memory-map=", &opened->memory_map) ||
	    take_option(word, "--kernel=", &opened->kernel))
		return NULL;
	if (*word == '-')
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
				      "dill open: it knows no option \"%s\"", word);
	path = expand(word);
	if (!path)
		return py_error();
	error = array_push(&opened->files, path);
	if (error)
		free(path);
	return error;
}

static struct dill_error *run_open(struct plugin *plugin, const char *text)
{
	_cleanup_(words_deinitp)
	struct words words = {0};
	_cleanup_(opened_freep)
	struct opened *opened = calloc(1, sizeof(*opened));

	if (!opened)
		return error_no_memory();
	TRY(words_split(text, &words));
	for (size_t i = 0; i < words.list.count; i++)
		TRY(take_word(opened, words.list.items[i]));
	if (!opened->files.count)
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
				      "dill open: give the name of a file: a dump, or a recording");
	return open_files(plugin, steal(opened));
}

static struct dill_error *run_close(struct plugin *plugin, const char *text)
{
	if (*text)
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
				      "dill close: it takes no argument");
	if (!plugin->opened)
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
				      "dill close: no file was opened by \"dill open\"");
	plugin_close_session(plugin);
	opened_free(steal(plugin->opened));
	return say(plugin, "target that GDB has");
}

static const struct own_command file_commands[] = {
	{"dill open",
	 "Answer from a dump, or a recording of dill's, instead of GDB's target.\n\n"
	 "usage: dill open [--kernel=N|BASE] [--memory-map=MAP] FILE...\n\n"
	 "FILE is a dump of physical memory of any kind that \"dill -c\" takes, or its parts. "
	 "Every "
	 "command of dill answers from it until \"dill close\"; GDB's own do not change. --kernel "
	 "and --memory-map are those of the program.",
	 "COMMAND_FILES", "COMPLETE_FILENAME", run_open},
	{"dill close",
	 "Answer from GDB's target again, after \"dill open\".\n\n"
	 "usage: dill close",
	 "COMMAND_FILES", "COMPLETE_NONE", run_close},
};

bool file_commands_register(struct plugin *plugin)
{
	return own_commands_register(plugin, file_commands,
				     sizeof(file_commands) / sizeof(*file_commands));
}
