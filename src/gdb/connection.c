/* SPDX-License-Identifier: MIT */
#include "gdb/connection.h"

static bool is_gdbstub(const char *type)
{
	return strcmp(type, "remote") == 0 || strcmp(type, "extended-remote") == 0;
}

/* @object is a gdb.TargetConnection (since GDB 12). */
static bool read_object(PyObject *object, struct gdb_connection *ret)
{
	_cleanup_(py_decrefp)
	PyObject *number = PyObject_GetAttrString(object, "num");
	_cleanup_(py_decrefp)
	PyObject *type = PyObject_GetAttrString(object, "type");
	_cleanup_(py_decrefp)
	PyObject *details = PyObject_GetAttrString(object, "details");
	_cleanup_(freep)
	char *name = type ? py_text(type) : NULL;

	if (!number || !details || !name || !py_u64(number, &ret->number))
		return false;
	ret->is_core = strcmp(name, "core") == 0;
	if (!is_gdbstub(name) || details == Py_None)
		return true;
	ret->details = py_text(details);
	return ret->details != NULL;
}

/*
 * GDB 10 and 11 show their connections, but only to people:
 *
 *       Num  What                   Description
 *     * 1    remote localhost:1234  Remote serial target in gdb-specific protocol
 */
static bool read_table(const char *text, struct gdb_connection *ret)
{
	char type[32], details[256];
	unsigned long number;
	int found;

	while (*text && *text != '*')
		text += strcspn(text, "\n") + 1;
	found = sscanf(text, "* %lu %31s %255s", &number, type, details);
	if (found < 2)
		return true;
	ret->number = number;
	ret->is_core = strcmp(type, "core") == 0;
	if (found < 3 || !is_gdbstub(type))
		return true;
	ret->details = strdup(details);
	if (!ret->details)
		PyErr_NoMemory();
	return ret->details != NULL;
}

static bool ask_table(PyObject *gdb, struct gdb_connection *ret)
{
	_cleanup_(py_decrefp)
	PyObject *printed = py_call(gdb, "execute", "(sOO)", "info connections", Py_False, Py_True);
	_cleanup_(freep)
	char *text = printed ? py_text(printed) : NULL;

	if (text)
		return read_table(text, ret);
	if (PyErr_ExceptionMatches(PyExc_KeyboardInterrupt))
		return false;
	PyErr_Clear(); /* GDB 9 has no such command */
	return true;
}

bool gdb_connection_get(PyObject *gdb, struct gdb_connection *ret)
{
	_cleanup_(py_decrefp)
	PyObject *inferior = py_call(gdb, "selected_inferior", "()");
	_cleanup_(py_decrefp)
	PyObject *object = NULL;

	*ret = (struct gdb_connection){0};
	if (!inferior)
		return false;
	object = PyObject_GetAttrString(inferior, "connection");
	if (object)
		return object == Py_None || read_object(object, ret);
	if (!PyErr_ExceptionMatches(PyExc_AttributeError))
		return false;
	PyErr_Clear();
	return ask_table(gdb, ret);
}
