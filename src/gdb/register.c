/* SPDX-License-Identifier: MIT */
#include "gdb/register.h"

#include "gdb/plugin.h"

bool gdb_object_register(struct plugin *plugin, const char *base, PyObject *dict,
			 PyObject *arguments)
{
	_cleanup_(py_decrefp)
	PyObject *parent = PyObject_GetAttrString(plugin->gdb, base);
	_cleanup_(py_decrefp)
	PyObject *type = NULL;
	_cleanup_(py_decrefp)
	PyObject *instance = NULL;

	if (!parent)
		return false;
	/* A class made by type() has a __dict__, unlike one from a PyType_Spec without one. */
	type = PyObject_CallFunction((PyObject *)&PyType_Type, "s(O)O", base, parent, dict);
	if (type)
		instance = PyObject_CallObject(type, arguments);
	return instance != NULL;
}
