/* SPDX-License-Identifier: MIT */
#include "gdb/parameter.h"

#include "gdb/plugin.h"
#include "gdb/register.h"

/*
 * `set dill direct on|off|auto`, `set dill cache on|off`, `set dill symbols on|off`, `set dill
 * types FILE`, and `show dill statistics`. GDB asks for the texts of set and show through methods.
 */

static PyObject *no_text(PyObject *self, PyObject *arguments)
{
	(void)self;
	(void)arguments;
	return PyUnicode_FromString("");
}

static PyObject *show_text(PyObject *self, PyObject *arguments)
{
	const char *value;

	(void)self;
	/* Called on the class: no parameter is bound in front. */
	if (!PyArg_ParseTuple(arguments, "s", &value))
		return NULL;
	return PyUnicode_FromFormat(
		"Reading the memory of a QEMU on this machine directly is \"%s\".", value);
}

static PyObject *show_cache_text(PyObject *self, PyObject *arguments)
{
	const char *value;

	(void)self;
	if (!PyArg_ParseTuple(arguments, "s", &value))
		return NULL;
	return PyUnicode_FromFormat("Keeping symbols and types of known kernels is \"%s\".", value);
}

static PyObject *show_symbols_text(PyObject *self, PyObject *arguments)
{
	const char *value;

	(void)self;
	if (!PyArg_ParseTuple(arguments, "s", &value))
		return NULL;
	return PyUnicode_FromFormat("Loading the kernel's symbols by itself is \"%s\".", value);
}

static PyObject *show_types_text(PyObject *self, PyObject *arguments)
{
	const char *value;

	(void)self;
	if (!PyArg_ParseTuple(arguments, "z", &value))
		return NULL;
	if (!value || !*value)
		return PyUnicode_FromString("The kernel's types come from the kernel.");
	return PyUnicode_FromFormat("The kernel's types come from the file \"%s\".", value);
}

static PyMethodDef set_method = {"get_set_string", no_text, METH_VARARGS, NULL};
static PyMethodDef show_method = {"get_show_string", show_text, METH_VARARGS, NULL};
static PyMethodDef show_cache_method = {"get_show_string", show_cache_text, METH_VARARGS, NULL};

static PyMethodDef show_types_method = {"get_show_string", show_types_text, METH_VARARGS, NULL};
static PyMethodDef show_symbols_method = {"get_show_string", show_symbols_text, METH_VARARGS, NULL};

/* The prefixes alone do what GDB's own do: one lists the settings, the other their values. */

static PyObject *execute(PyObject *self, const char *line)
{
	struct plugin *plugin = PyCapsule_GetPointer(self, NULL);

	return plugin ? py_call(plugin->gdb, "execute", "(s)", line) : NULL;
}

static PyObject *set_prefix(PyObject *self, PyObject *arguments)
{
	(void)arguments;
	return execute(self, "help set dill");
}

/* The target as it was opened: asking must not open another one. */
static PyObject *show_statistics(PyObject *self, PyObject *arguments)
{
	struct plugin *plugin = PyCapsule_GetPointer(self, NULL);
	_cleanup_(strbuf_deinitp)
	struct strbuf text = {0};

	(void)arguments;
	if (!plugin)
		return NULL;
	strbuf_append(&text, "Read from the target: ");
	if (plugin->session)
		target_append_stats(session_target(plugin->session), &text);
	else
		strbuf_append(&text, "nothing");
	strbuf_append(&text, ".\n");
	return py_call(plugin->gdb, "write", "(s)", strbuf_get(&text));
}

static PyObject *show_prefix(PyObject *self, PyObject *arguments)
{
	_cleanup_(py_decrefp)
	PyObject *direct = execute(self, "show dill direct");
	_cleanup_(py_decrefp)
	PyObject *cache = direct ? execute(self, "show dill cache") : NULL;
	_cleanup_(py_decrefp)
	PyObject *symbols = cache ? execute(self, "show dill symbols") : NULL;
	_cleanup_(py_decrefp)
	PyObject *types = symbols ? execute(self, "show dill types") : NULL;

	return types ? show_statistics(self, arguments) : NULL;
}

static PyMethodDef set_prefix_method = {"invoke", set_prefix, METH_VARARGS, NULL};
static PyMethodDef show_prefix_method = {"invoke", show_prefix, METH_VARARGS, NULL};
static PyMethodDef show_statistics_method = {"invoke", show_statistics, METH_VARARGS, NULL};

static bool register_command(struct plugin *plugin, const char *name, const char *doc,
			     PyMethodDef *method, PyObject *is_prefix)
{
	_cleanup_(py_decrefp)
	PyObject *class_name = PyObject_GetAttrString(plugin->gdb, "COMMAND_DATA");
	_cleanup_(py_decrefp)
	PyObject *none = PyObject_GetAttrString(plugin->gdb, "COMPLETE_NONE");
	_cleanup_(py_decrefp)
	PyObject *capsule = PyCapsule_New(plugin, NULL, NULL);
	_cleanup_(py_decrefp)
	PyObject *invoke = capsule ? PyCFunction_New(method, capsule) : NULL;
	_cleanup_(py_decrefp)
	PyObject *dict = invoke ? Py_BuildValue("{sssO}", "__doc__", doc, "invoke", invoke) : NULL;
	_cleanup_(py_decrefp)
	PyObject *arguments = NULL;

	if (!class_name || !none || !dict)
		return false;
	arguments = Py_BuildValue("(sOOO)", name, class_name, none, is_prefix);
	return arguments && gdb_object_register(plugin, "Command", dict, arguments);
}

static bool register_prefixes(struct plugin *plugin)
{
	return register_command(plugin, "set dill", "Settings of dill.", &set_prefix_method,
				Py_True) &&
	       register_command(plugin, "show dill", "Show the settings of dill.",
				&show_prefix_method, Py_True) &&
	       register_command(plugin, "show dill statistics",
				"Show how much was read from the target.", &show_statistics_method,
				Py_False);
}

/*
 * @choices  a tuple of texts, taken over, of which the first one is the default; NULL: a file's
 *           name, which GDB completes, none at first
 * @what     what is set: "whether ..."
 */
static bool register_parameter(struct plugin *plugin, const char *name, PyObject *choices,
			       const char *what, const char *doc, PyMethodDef *show_text_method)
{
	_cleanup_(py_decrefp)
	PyObject *owned = choices;
	_cleanup_(py_decrefp)
	PyObject *class_name = PyObject_GetAttrString(plugin->gdb, "COMMAND_DATA");
	_cleanup_(py_decrefp)
	PyObject *kind = PyObject_GetAttrString(plugin->gdb,
						choices ? "PARAM_ENUM" : "PARAM_OPTIONAL_FILENAME");
	_cleanup_(py_decrefp)
	PyObject *set = PyCFunction_New(&set_method, NULL);
	_cleanup_(py_decrefp)
	PyObject *show = PyCFunction_New(show_text_method, NULL);
	_cleanup_(py_decrefp)
	PyObject *set_doc = PyUnicode_FromFormat("Set %s.", what);
	_cleanup_(py_decrefp)
	PyObject *show_doc = PyUnicode_FromFormat("Show %s.", what);
	_cleanup_(py_decrefp)
	PyObject *dict = NULL;
	_cleanup_(py_decrefp)
	PyObject *arguments = NULL;

	if (PyErr_Occurred() || !class_name || !kind || !set || !show || !set_doc || !show_doc)
		return false;
	dict = Py_BuildValue("{sssOsOsOsO}", "__doc__", doc, "set_doc", set_doc, "show_doc",
			     show_doc, "get_set_string", set, "get_show_string", show);
	arguments = owned ? Py_BuildValue("(sOOO)", name, class_name, kind, owned)
			  : Py_BuildValue("(sOO)", name, class_name, kind);
	return dict && arguments && gdb_object_register(plugin, "Parameter", dict, arguments);
}

bool parameters_register(struct plugin *plugin)
{
	return register_prefixes(plugin) &&
	       register_parameter(
		       plugin, "dill types", NULL, "the file that the kernel's types come from",
		       "BTF as a file (a copy of /sys/kernel/btf/vmlinux), or an ELF with BTF or "
		       "DWARF: a struct\nfile compiled with -g, a vmlinux of a near build. It may "
		       "be of any kernel whose\nstructures are the same: that is checked on the "
		       "target.\n"
		       "Without FILE: the kernel's own types again.",
		       &show_types_method) &&
	       register_parameter(
		       plugin, "dill direct", Py_BuildValue("(sss)", "auto", "on", "off"),
		       "whether the memory of a QEMU on this machine is read directly",
		       "auto: read it directly where that is possible and safe.\n"
		       "on:   the same, and say why when GDB's connection cannot be shared "
		       "for it.\n"
		       "off:  always ask through the connection that GDB has.",
		       &show_method) &&
	       register_parameter(
		       plugin, "dill cache", Py_BuildValue("(ss)", "on", "off"),
		       "whether symbols and types of known kernels are kept for slow targets",
		       "on:  keep them in $XDG_CACHE_HOME/dill/builds, else "
		       "~/.cache/dill/builds, and "
		       "use what was kept.\n"
		       "off: read them from the target.",
		       &show_cache_method) &&
	       register_parameter(plugin, "dill symbols", Py_BuildValue("(ss)", "off", "on"),
				  "whether the kernel's symbols are loaded by themselves",
				  "on:  before a command, when another kernel runs or modules have "
				  "come or gone.\n"
				  "off: by \"dill symbols\" alone.",
				  &show_symbols_method);
}

/* The value of a parameter; NULL when GDB does not tell. */
static char *value_of(struct plugin *plugin, const char *name)
{
	_cleanup_(py_decrefp)
	PyObject *value = py_call(plugin->gdb, "parameter", "(s)", name);
	char *text = value ? py_text(value) : NULL;

	if (!text)
		PyErr_Clear();
	return text;
}

bool parameter_cache(struct plugin *plugin)
{
	_cleanup_(freep)
	char *text = value_of(plugin, "dill cache");

	return text && !strcmp(text, "on");
}

char *parameter_types(struct plugin *plugin)
{
	char *text = value_of(plugin, "dill types");

	if (text && !*text)
		free(steal(text));
	return text;
}

bool parameter_symbols(struct plugin *plugin)
{
	_cleanup_(freep)
	char *text = value_of(plugin, "dill symbols");

	return text && !strcmp(text, "on");
}

enum direct parameter_direct(struct plugin *plugin)
{
	_cleanup_(freep)
	char *text = value_of(plugin, "dill direct");

	if (!text)
		return DIRECT_OFF;
	return strcmp(text, "on") == 0	  ? DIRECT_ON
	       : strcmp(text, "off") == 0 ? DIRECT_OFF
					  : DIRECT_AUTO;
}
