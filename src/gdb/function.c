/* SPDX-License-Identifier: MIT */
#include "gdb/function.h"

#include <string.h>

#include "base/strbuf.h"
#include "command/value.h"
#include "gdb/host.h"
#include "gdb/plugin.h"
#include "gdb/plugin_session.h"
#include "gdb/register.h"

/*
 * $kbase(), $kcache(NAME), $kobj(ADDRESS) and $ktask(PID or NAME): dill's answers as values of
 * GDB's expressions.
 */

static void argument_deinitp(struct value_argument *argument)
{
	free(argument->text);
}

struct function {
	const char *name;
	const char *doc;
	const char *argument; /* what it is called in errors; NULL = takes none */
	const char *type;     /* of the value, when GDB knows it; else unsigned long */
	value_function compute;
};

struct function_binding {
	struct plugin *plugin;
	const struct function *function;
};

static const struct function functions[] = {
	{"kbase", "$kbase(): address of the running kernel's image (_text).", NULL, NULL,
	 value_kbase},
	{"kcache", "$kcache(\"NAME\"): address of the slab cache NAME, a struct kmem_cache *.",
	 "NAME", "struct kmem_cache", value_kcache},
	{"kobj",
	 "$kobj(ADDRESS): start of the slab object that ADDRESS lies in, a void *.\n\n"
	 "ADDRESS is a number, a pointer, or a string as the command kobj takes it.",
	 "ADDRESS", "void", value_kobj},
	{"ktask",
	 "$ktask(PID) or $ktask(\"NAME\"): address of a task, a struct task_struct *.\n\n"
	 "Of several processes called NAME the oldest is taken.",
	 "PID or NAME", "struct task_struct", value_ktask},
};

/* --- Python --- */

static bool is_integer(struct plugin *plugin, PyObject *value)
{
	static const char *const codes[] = {"TYPE_CODE_INT", "TYPE_CODE_ENUM", "TYPE_CODE_CHAR",
					    "TYPE_CODE_BOOL", "TYPE_CODE_PTR"};
	_cleanup_(py_decrefp)
	PyObject *type = PyObject_GetAttrString(value, "type");
	_cleanup_(py_decrefp)
	PyObject *plain = type ? py_call(type, "strip_typedefs", "()") : NULL;
	_cleanup_(py_decrefp)
	PyObject *code = plain ? PyObject_GetAttrString(plain, "code") : NULL;

	for (size_t i = 0; code && i < sizeof(codes) / sizeof(*codes); i++) {
		_cleanup_(py_decrefp)
		PyObject *wanted = PyObject_GetAttrString(plugin->gdb, codes[i]);

		if (wanted && PyObject_RichCompareBool(code, wanted, Py_EQ) == 1)
			return true;
	}
	return false;
}

static bool parse_argument(struct plugin *plugin, const struct function *function,
			   PyObject *arguments, struct value_argument *ret)
{
	Py_ssize_t count = PyTuple_Size(arguments);
	PyObject *value;

	if (count != (function->argument ? 1 : 0)) {
		PyErr_Format(plugin->gdb_error, "usage: $%s(%s)", function->name,
			     function->argument ? function->argument : "");
		return false;
	}
	if (!count)
		return true;
	value = PyTuple_GetItem(arguments, 0);
	ret->is_number = is_integer(plugin, value);
	if (PyErr_Occurred())
		return false;
	if (ret->is_number)
		return py_u64(value, &ret->number);

	_cleanup_(py_decrefp)
	PyObject *string = py_call(value, "string", "()");

	ret->text = string ? py_text(string) : NULL;
	return ret->text != NULL;
}

/* A pointer to @name, or an unsigned long when @name is NULL or GDB has no such type. */
static PyObject *value_type(struct plugin *plugin, const char *name)
{
	_cleanup_(py_decrefp)
	PyObject *type = name ? py_call(plugin->gdb, "lookup_type", "(s)", name) : NULL;

	if (type)
		return py_call(type, "pointer", "()");
	PyErr_Clear();
	return py_call(plugin->gdb, "lookup_type", "(s)", "unsigned long");
}

static PyObject *make_value(struct plugin *plugin, const char *type_name, uint64_t number)
{
	_cleanup_(py_decrefp)
	PyObject *type = value_type(plugin, type_name);
	_cleanup_(py_decrefp)
	PyObject *value =
		type ? py_call(plugin->gdb, "Value", "(K)", (unsigned long long)number) : NULL;

	return value ? py_call(value, "cast", "(O)", type) : NULL;
}

static struct dill_error *call(struct plugin *plugin, const struct function *function,
			       const struct value_argument *argument, uint64_t *ret)
{
	struct session *session;
	struct dill_error *error, *end_error;

	TRY(plugin_begin(plugin, &session));
	error = function->compute(session, argument, ret);
	end_error = plugin_end(plugin);
	if (!error)
		return end_error;
	dill_error_free(end_error);
	return error;
}

static PyObject *function_invoke(PyObject *self, PyObject *arguments)
{
	const struct function_binding *binding = PyCapsule_GetPointer(self, NULL);
	_cleanup_(argument_deinitp)
	struct value_argument argument = {0};
	struct dill_error *error;
	uint64_t number;

	if (!binding || !parse_argument(binding->plugin, binding->function, arguments, &argument))
		return NULL;
	error = call(binding->plugin, binding->function, &argument, &number);
	if (error) {
		py_raise(binding->plugin->gdb_error,
			 dill_error_add_context(error, "$%s", binding->function->name));
		return NULL;
	}
	return make_value(binding->plugin, binding->function->type, number);
}

static PyMethodDef invoke_method = {"invoke", function_invoke, METH_VARARGS, NULL};

static void binding_free(PyObject *capsule)
{
	free(PyCapsule_GetPointer(capsule, NULL));
}

static PyObject *binding_new(struct plugin *plugin, const struct function *function)
{
	struct function_binding *binding = malloc(sizeof(*binding));
	PyObject *capsule;

	if (!binding)
		return PyErr_NoMemory();
	*binding = (struct function_binding){plugin, function};
	capsule = PyCapsule_New(binding, NULL, binding_free);
	if (!capsule)
		free(binding);
	return capsule;
}

static bool register_function(struct plugin *plugin, const struct function *function)
{
	_cleanup_(py_decrefp)
	PyObject *capsule = binding_new(plugin, function);
	_cleanup_(py_decrefp)
	PyObject *invoke = capsule ? PyCFunction_New(&invoke_method, capsule) : NULL;
	_cleanup_(py_decrefp)
	PyObject *dict =
		invoke ? Py_BuildValue("{sssO}", "__doc__", function->doc, "invoke", invoke) : NULL;
	_cleanup_(py_decrefp)
	PyObject *arguments = Py_BuildValue("(s)", function->name);

	return dict && arguments && gdb_object_register(plugin, "Function", dict, arguments);
}

/* True when a variable or function $@name exists already. */
static bool is_taken(struct plugin *plugin, const char *name)
{
	_cleanup_(py_decrefp)
	PyObject *value = py_call(plugin->gdb, "convenience_variable", "(s)", name);

	if (!value)
		PyErr_Clear();
	return value && value != Py_None;
}

bool functions_register(struct plugin *plugin)
{
	for (size_t i = 0; i < sizeof(functions) / sizeof(*functions); i++) {
		const struct function *function = &functions[i];
		_cleanup_(strbuf_deinitp)
		struct strbuf remark = {0};

		if (!is_taken(plugin, function->name)) {
			if (!register_function(plugin, function))
				return false;
			continue;
		}
		strbuf_append_format(&remark, "$%s: already defined by someone else and left alone",
				     function->name);
		plugin_log(plugin, strbuf_get(&remark));
	}
	return true;
}
