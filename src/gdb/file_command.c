/* SPDX-License-Identifier: MIT */
#include "command/words.h"
#include "gdb/plugin.h"

/*
 * dill open, dill close: dumps and recordings in place of GDB's target. They are GDB's alone; the
 * program has -c.
 */

/* --- a core that GDB has opened --- */

/*
 * GDB tells the name of a core to people only:
 *
 *       Local core dump file:
 *               `/var/crash/vmcore', file type elf64-x86-64.
 */
static char *core_path(const char *text)
{
	static const char title[] = "Local core dump file:", end[] = "', file type ";
	const char *from = strstr(text, title), *to;

	if (!from)
		return NULL;
	from += strlen(title);
	from += strspn(from, " \t\n");
	to = strstr(from, end);
	if (!to || (*from != '`' && *from != '\''))
		return NULL;
	return strndup(from + 1, (size_t)(to - from - 1));
}

struct dill_error *file_of_core(struct plugin *plugin, char **ret)
{
	_cleanup_(py_decrefp)
	PyObject *printed =
		py_call(plugin->gdb, "execute", "(sOO)", "info files", Py_False, Py_True);
	_cleanup_(freep)
	char *text = printed ? py_text(printed) : NULL;

	*ret = NULL;
	if (text) {
		*ret = core_path(text);
		return NULL;
	}
	if (PyErr_ExceptionMatches(PyExc_KeyboardInterrupt))
		return py_error();
	PyErr_Clear();
	return NULL;
}

/* --- the commands --- */

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

/* Whether it can be opened shows at once; the kernel in it is looked for by the first command. */
static struct dill_error *open_path(struct plugin *plugin, char *path)
{
	struct session *session;
	char *before = plugin->opened;
	struct dill_error *error;

	plugin->opened = path;
	plugin->opened_count++;
	error = plugin_session(plugin, &session);
	if (!error)
		error = say(plugin, memory_describe(session_memory(session)));
	if (error) { /* as it was: the next command opens it again */
		plugin->opened = before;
		plugin->opened_count++;
		free(path);
		return error;
	}
	free(before);
	return NULL;
}

static struct dill_error *run_open(struct plugin *plugin, const char *text)
{
	_cleanup_(words_deinitp)
	struct words words = {0};
	char *path;

	TRY(words_split(text, &words));
	if (words.list.count != 1)
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
				      "dill open: give the name of a file: a dump, or a recording");
	path = expand(words.list.items[0]);
	return path ? open_path(plugin, path) : py_error();
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
	free(steal(plugin->opened));
	return say(plugin, "target that GDB has");
}

struct file_command {
	const char *name, *doc;
	const char *completion; /* how GDB completes it */
	struct dill_error *(*run)(struct plugin *plugin, const char *text);
};

static const struct file_command file_commands[] = {
	{"dill open",
	 "Answer from a dump, or a recording of dill's, instead of GDB's target.\n\n"
	 "usage: dill open FILE\n\n"
	 "FILE is a dump of physical memory of any kind that \"dill -c\" takes. Every command of "
	 "dill answers from it until \"dill close\"; GDB's own do not change.",
	 "COMPLETE_FILENAME", run_open},
	{"dill close",
	 "Answer from GDB's target again, after \"dill open\".\n\n"
	 "usage: dill close",
	 "COMPLETE_NONE", run_close},
};

#define FILE_COMMANDS (sizeof(file_commands) / sizeof(*file_commands))

/* --- registration --- */

/* What the Python method of one command is bound to. */
struct binding {
	struct plugin *plugin;
	const struct file_command *command;
};

static PyObject *invoke(PyObject *self, PyObject *arguments)
{
	const struct binding *binding = PyCapsule_GetPointer(self, NULL);
	struct dill_error *error;
	const char *text;
	PyObject *from_tty;

	if (!binding || !PyArg_ParseTuple(arguments, "sO", &text, &from_tty))
		return NULL;
	if (binding->plugin->evaluating) {
		PyErr_SetString(binding->plugin->gdb_error,
				"dill: not while a command evaluates an expression");
		return NULL;
	}
	error = binding->command->run(binding->plugin, text);
	if (!error)
		Py_RETURN_NONE;
	py_raise(binding->plugin->gdb_error, error);
	return NULL;
}

static PyMethodDef invoke_method = {"invoke", invoke, METH_VARARGS, NULL};

static void binding_free(PyObject *capsule)
{
	free(PyCapsule_GetPointer(capsule, NULL));
}

static PyObject *make_function(struct plugin *plugin, const struct file_command *command)
{
	struct binding *binding = malloc(sizeof(*binding));
	_cleanup_(py_decrefp)
	PyObject *capsule = NULL;

	if (!binding)
		return PyErr_NoMemory();
	*binding = (struct binding){plugin, command};
	capsule = PyCapsule_New(binding, NULL, binding_free);
	if (!capsule) {
		free(binding);
		return NULL;
	}
	return PyCFunction_New(&invoke_method, capsule);
}

static bool register_one(struct plugin *plugin, const struct file_command *command)
{
	_cleanup_(py_decrefp)
	PyObject *function = make_function(plugin, command);
	_cleanup_(py_decrefp)
	PyObject *class_name = PyObject_GetAttrString(plugin->gdb, "COMMAND_FILES");
	_cleanup_(py_decrefp)
	PyObject *completion = PyObject_GetAttrString(plugin->gdb, command->completion);
	_cleanup_(py_decrefp)
	PyObject *dict = NULL;
	_cleanup_(py_decrefp)
	PyObject *arguments = NULL;

	if (!function || !class_name || !completion)
		return false;
	dict = Py_BuildValue("{sssO}", "__doc__", command->doc, "invoke", function);
	arguments = Py_BuildValue("(sOO)", command->name, class_name, completion);
	return dict && arguments && gdb_object_register(plugin, "Command", dict, arguments);
}

bool file_commands_register(struct plugin *plugin)
{
	for (size_t i = 0; i < FILE_COMMANDS; i++)
		if (!register_one(plugin, &file_commands[i]))
			return false;
	return true;
}
