/* SPDX-License-Identifier: MIT */
#include "gdb/own_command.h"

#include "gdb/register.h"

/* What the Python method of one command is bound to. */
struct binding {
	struct plugin *plugin;
	const struct own_command *command;
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

static PyObject *make_function(struct plugin *plugin, const struct own_command *command)
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

static bool register_one(struct plugin *plugin, const struct own_command *command)
{
	_cleanup_(py_decrefp)
	PyObject *function = make_function(plugin, command);
	_cleanup_(py_decrefp)
	PyObject *class_name = PyObject_GetAttrString(plugin->gdb, command->class_name);
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

bool own_commands_register(struct plugin *plugin, const struct own_command *commands, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!register_one(plugin, &commands[i]))
			return false;
	return true;
}
