/* SPDX-License-Identifier: MIT */
#include "gdb/armed_command.h"
#include "gdb/command.h"
#include "gdb/events.h"
#include "gdb/file_command.h"
#include "gdb/function.h"
#include "gdb/parameter.h"
#include "gdb/plugin.h"
#include "gdb/short_names.h"
#include "gdb/symbol_loader.h"

/*
 * The Python module behind dill.py: importing it registers dill in the GDB around it.
 */

static int module_exec(PyObject *module)
{
	struct plugin *plugin = PyModule_GetState(module);

	/* GDB keeps what is registered for good, and all of it points into the module's state. */
	Py_INCREF(module);
	plugin->gdb = PyImport_ImportModule("gdb");
	if (!plugin->gdb)
		return -1;
	plugin->gdb_error = PyObject_GetAttrString(plugin->gdb, "GdbError");
	if (!plugin->gdb_error || !parameters_register(plugin) || !commands_register(plugin) ||
	    !short_names_begin(plugin) || !armed_commands_register(plugin) ||
	    !file_commands_register(plugin) || !functions_register(plugin) ||
	    !events_connect(plugin) || !symbols_at_exit(plugin))
		return -1;
	return PyModule_AddStringConstant(module, "__version__", DILL_VERSION);
}

/* What the hook of short_names.c calls. */
static PyObject *sourced(PyObject *module, PyObject *arguments)
{
	(void)arguments;
	if (!short_names_sourced(PyModule_GetState(module)))
		return NULL;
	Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
	{"sourced", sourced, METH_NOARGS, "GDB has read a file."},
	{NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {
	{Py_mod_exec, (void *)module_exec},
	{0, NULL},
};

static struct PyModuleDef definition = {
	PyModuleDef_HEAD_INIT,
	.m_name = "dill",
	.m_doc = "The Linux kernel's slab heap in GDB; importing it adds the command `dill`.",
	.m_size = sizeof(struct plugin),
	.m_methods = methods,
	.m_slots = slots,
};

PyMODINIT_FUNC PyInit_dill(void);

PyMODINIT_FUNC PyInit_dill(void)
{
	return PyModuleDef_Init(&definition);
}
