/* SPDX-License-Identifier: MIT */
#include "gdb/command.h"

#include <string.h>

#include "command/command.h"
#include "command/registry.h"
#include "command/words.h"
#include "gdb/armed_command.h"
#include "gdb/expression.h"
#include "gdb/plugin.h"
#include "gdb/plugin_session.h"
#include "gdb/register.h"
#include "gdb/run_words.h"
#include "gdb/symbol_loader.h"

/* What the Python methods of one GDB command are bound to. */
struct binding {
	struct plugin *plugin;
	const struct command *command;
};

/* --- running --- */

/* GDB passes "| head" on to the command: its own way is another. */
static struct dill_error *refuse_pipe(const char *name, const char *arguments,
				      const struct words *words)
{
	for (size_t i = 1; i < words->list.count; i++)
		if (!strcmp(words->list.items[i], "|"))
			return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
					      "GDB has no pipe behind a command, but one in front: "
					      "pipe %s %s",
					      name, arguments);
	return NULL;
}

static struct dill_error *run_line(struct plugin *plugin, const char *name, const char *arguments,
				   enum command_status *ret)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf line = {0};
	_cleanup_(words_deinitp)
	struct words words = {0};

	strbuf_append_format(&line, "%s ", name);
	expression_protect(arguments, &line);
	TRY(strbuf_error(&line));
	TRY(words_split(strbuf_get(&line), &words));
	TRY(refuse_pipe(name, arguments, &words));
	/* The user lets the target run, not the command. */
	if (!strcmp(name, break_command.name) &&
	    command_wants_target((int)words.list.count, (const char *const *)words.list.items)) {
		*ret = COMMAND_OK;
		return armed_trace_break_words(plugin, &words);
	}
	if (!strcmp(name, symbols_command.name))
		return symbols_run(plugin, &words, ret);
	if (command_wants_target((int)words.list.count, (const char *const *)words.list.items))
		TRY(symbols_wanted(plugin));
	return run_words(plugin, &words, ret);
}

static PyObject *run(struct plugin *plugin, const char *name, const char *arguments)
{
	enum command_status status = COMMAND_FAILED;
	struct dill_error *error = run_line(plugin, name, arguments, &status);

	if (error) {
		py_raise(plugin->gdb_error, error);
		return NULL;
	}
	if (status == COMMAND_FINDINGS) {
		PyErr_Format(plugin->gdb_error, "%s: the target is broken, see the findings", name);
		return NULL;
	}
	Py_RETURN_NONE;
}

static PyObject *command_invoke(PyObject *self, PyObject *arguments)
{
	const struct binding *binding = PyCapsule_GetPointer(self, NULL);
	const char *text;
	PyObject *from_tty;

	if (!binding || !PyArg_ParseTuple(arguments, "sO", &text, &from_tty))
		return NULL;
	return run(binding->plugin, binding->command->name, text);
}

/* --- completion --- */

/*
 * GDB replaces only its own idea of the last word, which may start in the middle of dill's (behind
 * a "-" or "/"): the same number of bytes is cut off in front of each completion.
 */
static PyObject *completion_list(const struct completions *completions, const char *line,
				 const char *word)
{
	_cleanup_(py_decrefp)
	PyObject *list = PyList_New(0);
	const char *blank = strrchr(line, ' ');
	size_t typed = strlen(blank ? blank + 1 : line), last = strlen(word);
	size_t cut = typed > last ? typed - last : 0;

	for (size_t i = 0; list && i < completions->words.count; i++) {
		const char *text = completions->words.items[i];
		_cleanup_(py_decrefp)
		PyObject *item = NULL;

		if (strlen(text) < cut)
			continue;
		item = PyUnicode_DecodeUTF8(text + cut, (Py_ssize_t)strlen(text + cut), "replace");
		if (!item || PyList_Append(list, item) < 0)
			return NULL;
	}
	return steal(list);
}

/* Names from the target are offered when GDB stands at a stopped one; never an error. */
static struct session *completion_session(struct plugin *plugin)
{
	struct session *session = NULL;

	if (plugin->evaluating)
		return NULL;
	dill_error_free(plugin_session(plugin, &session));
	return session;
}

static PyObject *complete(struct plugin *plugin, const char *line, const char *word)
{
	_cleanup_(completions_deinitp)
	struct completions completions = {0};
	struct dill_error *error;

	error = command_complete(completion_session(plugin), line, &completions);
	if (PyErr_Occurred()) {
		dill_error_free(error);
		return NULL;
	}
	if (error) {
		dill_error_free(error);
		return PyList_New(0);
	}
	return completion_list(&completions, line, word);
}

static PyObject *command_complete_words(PyObject *self, PyObject *arguments)
{
	const struct binding *binding = PyCapsule_GetPointer(self, NULL);
	_cleanup_(strbuf_deinitp)
	struct strbuf line = {0};
	const char *text, *word;

	if (!binding || !PyArg_ParseTuple(arguments, "sz", &text, &word))
		return NULL;
	/* The first of GDB's two calls only asks where words end. */
	if (!word)
		Py_RETURN_NONE;
	strbuf_append_format(&line, "%s %s", binding->command->name, text);
	return complete(binding->plugin, strbuf_get(&line), word);
}

/* --- the prefix --- */

/* "dill NAME" chooses what a live trace follows; without one it is a command that is not there. */
static PyObject *follow(struct plugin *plugin, const char *text)
{
	struct dill_error *error;

	if (!plugin->armed_trace)
		return PyErr_Format(plugin->gdb_error,
				    "dill has no command \"%s\"; \"dill help\" lists them. To "
				    "follow a task of that name, \"dill run\" first",
				    text);
	error = armed_trace_follow_line(plugin, text);
	if (!error)
		Py_RETURN_NONE;
	py_raise(plugin->gdb_error, error);
	return NULL;
}

static PyObject *prefix_invoke(PyObject *self, PyObject *arguments)
{
	const struct binding *binding = PyCapsule_GetPointer(self, NULL);
	const char *text;
	PyObject *from_tty;

	if (!binding || !PyArg_ParseTuple(arguments, "sO", &text, &from_tty))
		return NULL;
	return *text ? follow(binding->plugin, text) : run(binding->plugin, "help", "");
}

/* --- registration --- */

static PyMethodDef invoke_method = {"invoke", command_invoke, METH_VARARGS, NULL};
static PyMethodDef complete_method = {"complete", command_complete_words, METH_VARARGS, NULL};
static PyMethodDef prefix_method = {"invoke", prefix_invoke, METH_VARARGS, NULL};

static void binding_free(PyObject *capsule)
{
	free(PyCapsule_GetPointer(capsule, NULL));
}

static PyObject *binding_new(struct plugin *plugin, const struct command *command)
{
	struct binding *binding = malloc(sizeof(*binding));
	PyObject *capsule;

	if (!binding)
		return PyErr_NoMemory();
	*binding = (struct binding){plugin, command};
	capsule = PyCapsule_New(binding, NULL, binding_free);
	if (!capsule)
		free(binding);
	return capsule;
}

/*
 * The class body of a GDB command. Its methods are functions that are not bound to the instance,
 * but to what they act on: GDB passes them its arguments alone.
 */
static PyObject *class_body(struct plugin *plugin, const struct command *command, const char *doc)
{
	_cleanup_(py_decrefp)
	PyObject *capsule = binding_new(plugin, command);
	_cleanup_(py_decrefp)
	PyObject *invoke = NULL;
	_cleanup_(py_decrefp)
	PyObject *completer = NULL;

	if (!capsule)
		return NULL;
	invoke = PyCFunction_New(command ? &invoke_method : &prefix_method, capsule);
	if (!command)
		return invoke ? Py_BuildValue("{sssO}", "__doc__", doc, "invoke", invoke) : NULL;
	completer = PyCFunction_New(&complete_method, capsule);
	if (!invoke || !completer)
		return NULL;
	return Py_BuildValue("{sssOsO}", "__doc__", doc, "invoke", invoke, "complete", completer);
}

/* GDB shows the first line of a text in its lists of commands. */
static struct dill_error *command_doc(const struct command *command, struct strbuf *ret)
{
	_cleanup_(freep)
	char *help = NULL;

	TRY(command_help(command, &help));
	strbuf_append_format(ret, "%s.\n\n%s", command->summary, help);
	return strbuf_error(ret);
}

bool command_register(struct plugin *plugin, const char *name, const struct command *command)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf doc = {0};
	_cleanup_(py_decrefp)
	PyObject *class_name = PyObject_GetAttrString(plugin->gdb, "COMMAND_DATA");
	_cleanup_(py_decrefp)
	PyObject *dict = NULL;
	_cleanup_(py_decrefp)
	PyObject *arguments = NULL;
	struct dill_error *error = command_doc(command, &doc);

	if (error) {
		py_raise(plugin->gdb_error, error);
		return false;
	}
	dict = class_body(plugin, command, strbuf_get(&doc));
	if (!class_name || !dict)
		return false;
	arguments = Py_BuildValue("(sO)", name, class_name);
	return arguments && gdb_object_register(plugin, "Command", dict, arguments);
}

static bool register_prefix(struct plugin *plugin)
{
	static const char doc[] = "Show and trace the slab heap of a Linux kernel.\n\n"
				  "Commands that start with k can be used without the prefix.";
	_cleanup_(py_decrefp)
	PyObject *class_name = PyObject_GetAttrString(plugin->gdb, "COMMAND_DATA");
	_cleanup_(py_decrefp)
	PyObject *none = PyObject_GetAttrString(plugin->gdb, "COMPLETE_NONE");
	_cleanup_(py_decrefp)
	PyObject *dict = class_body(plugin, NULL, doc);
	_cleanup_(py_decrefp)
	PyObject *arguments = NULL;

	if (!class_name || !none || !dict)
		return false;
	arguments = Py_BuildValue("(sOOO)", "dill", class_name, none, Py_True);
	return arguments && gdb_object_register(plugin, "Command", dict, arguments);
}

bool commands_register(struct plugin *plugin)
{
	if (!register_prefix(plugin))
		return false;
	for (size_t i = 0; commands[i]; i++) {
		_cleanup_(strbuf_deinitp)
		struct strbuf prefixed = {0};

		strbuf_append_format(&prefixed, "dill %s", commands[i]->name);
		if (!command_register(plugin, strbuf_get(&prefixed), commands[i]))
			return false;
	}
	return true;
}
