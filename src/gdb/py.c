/* SPDX-License-Identifier: MIT */
#define DEFINES_ERRORS
#include "gdb/py.h"

#include <stdarg.h>

struct py_pending py_pending_take(void)
{
	struct py_pending pending;

	PyErr_Fetch(&pending.type, &pending.value, &pending.traceback);
	return pending;
}

void py_pending_restore(struct py_pending *pending)
{
	if (pending->type)
		PyErr_Restore(pending->type, pending->value, pending->traceback);
	*pending = (struct py_pending){0};
}

PyObject *py_call(PyObject *object, const char *name, const char *format, ...)
{
	_cleanup_(py_decrefp)
	PyObject *function = PyObject_GetAttrString(object, name);
	_cleanup_(py_decrefp)
	PyObject *arguments = NULL;
	va_list list;

	if (!function)
		return NULL;
	va_start(list, format);
	arguments = Py_VaBuildValue(format, list);
	va_end(list);
	return arguments ? PyObject_CallObject(function, arguments) : NULL;
}

PyObject *py_get_optional(PyObject *object, const char *name)
{
	PyObject *value = PyObject_GetAttrString(object, name);

	if (!value && PyErr_ExceptionMatches(PyExc_AttributeError)) {
		PyErr_Clear();
		value = Py_None;
		Py_INCREF(value);
	}
	return value;
}

char *py_text(PyObject *string)
{
	/* PyUnicode_AsUTF8() entered the stable ABI after 3.8. */
	_cleanup_(py_decrefp)
	PyObject *bytes = PyUnicode_AsEncodedString(string, "utf-8", "replace");
	char *text, *copy;

	if (!bytes || PyBytes_AsStringAndSize(bytes, &text, NULL) < 0)
		return NULL;
	copy = strdup(text);
	if (!copy)
		PyErr_NoMemory();
	return copy;
}

bool py_u64(PyObject *number, uint64_t *ret)
{
	_cleanup_(py_decrefp)
	PyObject *integer = PyNumber_Long(number);
	uint64_t value;

	if (!integer)
		return false;
	value = PyLong_AsUnsignedLongLongMask(integer);
	if (PyErr_Occurred())
		return false;
	*ret = value;
	return true;
}

struct dill_error *py_error(void)
{
	_cleanup_(freep)
	char *text = NULL;
	_cleanup_(py_decrefp)
	PyObject *string = NULL;
	struct py_pending pending;

	if (PyErr_ExceptionMatches(PyExc_KeyboardInterrupt))
		return error_interrupted();
	pending = py_pending_take();
	PyErr_NormalizeException(&pending.type, &pending.value, &pending.traceback);
	if (pending.value)
		string = PyObject_Str(pending.value);
	if (string)
		text = py_text(string);
	PyErr_Clear();
	Py_XDECREF(pending.type);
	Py_XDECREF(pending.value);
	Py_XDECREF(pending.traceback);
	return dill_error_new(DILL_ERROR_PROTOCOL, "gdb: %s", text ? text : "unknown error");
}

void py_raise(PyObject *exception, struct dill_error *error)
{
	if (!PyErr_Occurred()) {
		if (dill_error_code(error) == DILL_ERROR_INTERRUPTED)
			PyErr_SetNone(PyExc_KeyboardInterrupt);
		else
			PyErr_SetString(exception, dill_error_text(error));
	}
	dill_error_free(error);
}
