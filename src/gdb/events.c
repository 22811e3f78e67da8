/* SPDX-License-Identifier: MIT */
#include "gdb/plugin.h"

static PyObject *changed(PyObject *self, PyObject *event)
{
	struct plugin *plugin = PyCapsule_GetPointer(self, NULL);

	(void)event;
	if (!plugin)
		return NULL;
	plugin->generation++;
	Py_RETURN_NONE;
}

static PyMethodDef changed_method = {"changed", changed, METH_O, NULL};

bool events_connect(struct plugin *plugin)
{
	/* Names that a GDB does not have are left out. */
	static const char *const names[] = {
		"cont",		 "stop",	   "exited",
		"inferior_call", "memory_changed", "register_changed",
		"new_objfile",	 "clear_objfiles",
	};
	_cleanup_(py_decrefp)
	PyObject *events = PyObject_GetAttrString(plugin->gdb, "events");
	_cleanup_(py_decrefp)
	PyObject *capsule = PyCapsule_New(plugin, NULL, NULL);
	_cleanup_(py_decrefp)
	PyObject *handler = NULL;

	if (!events || !capsule)
		return false;
	handler = PyCFunction_New(&changed_method, capsule);
	if (!handler)
		return false;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		_cleanup_(py_decrefp)
		PyObject *registry = py_get_optional(events, names[i]);
		_cleanup_(py_decrefp)
		PyObject *done = NULL;

		if (!registry)
			return false;
		if (registry == Py_None)
			continue;
		done = py_call(registry, "connect", "(O)", handler);
		if (!done)
			return false;
	}
	return true;
}
