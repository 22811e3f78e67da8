/* SPDX-License-Identifier: MIT */
#include "gdb/events.h"

#include "gdb/armed_trace.h"
#include "gdb/interrupt_watch.h"
#include "gdb/plugin.h"
#include "gdb/short_names.h"

static PyObject *changed(PyObject *self, PyObject *event)
{
	struct plugin *plugin = PyCapsule_GetPointer(self, NULL);

	(void)event;
	if (!plugin)
		return NULL;
	plugin->generation++;
	Py_RETURN_NONE;
}

static PyObject *resumed(PyObject *self, PyObject *event)
{
	interrupt_watch_resumed();
	return changed(self, event);
}

static PyObject *stopped(PyObject *self, PyObject *event)
{
	interrupt_watch_stopped();
	return changed(self, event);
}

static PyObject *threads_came(PyObject *self, PyObject *event)
{
	struct plugin *plugin = PyCapsule_GetPointer(self, NULL);

	(void)event;
	if (!plugin || !short_names_needed(plugin))
		return NULL;
	Py_RETURN_NONE;
}

static PyObject *prompt(PyObject *self, PyObject *arguments)
{
	struct plugin *plugin = PyCapsule_GetPointer(self, NULL);

	(void)arguments;
	if (!plugin || !short_names_prompt(plugin))
		return NULL;
	Py_RETURN_NONE;
}

/* The target has gone: its breakpoints must not be put into the next one. */
static PyObject *exited(PyObject *self, PyObject *event)
{
	struct plugin *plugin = PyCapsule_GetPointer(self, NULL);

	if (plugin)
		armed_trace_free(steal(plugin->armed_trace));
	return changed(self, event);
}

static PyMethodDef changed_method = {"changed", changed, METH_O, NULL};
static PyMethodDef resumed_method = {"resumed", resumed, METH_O, NULL};
static PyMethodDef stopped_method = {"stopped", stopped, METH_O, NULL};
static PyMethodDef exited_method = {"exited", exited, METH_O, NULL};
static PyMethodDef threads_method = {"threads_came", threads_came, METH_O, NULL};
/* The only event that comes without an object. */
static PyMethodDef prompt_method = {"prompt", prompt, METH_VARARGS, NULL};

/* Call @p method at every event of this name. A name that this GDB does not have is left out. */
static bool connect_one(PyObject *events, const char *name, PyMethodDef *method, PyObject *capsule)
{
	_cleanup_(py_decrefp)
	PyObject *registry = py_get_optional(events, name);
	_cleanup_(py_decrefp)
	PyObject *handler = PyCFunction_New(method, capsule);
	_cleanup_(py_decrefp)
	PyObject *done = NULL;

	if (!registry || !handler)
		return false;
	if (registry == Py_None)
		return true;
	done = py_call(registry, "connect", "(O)", handler);
	return done != NULL;
}

bool events_connect(struct plugin *plugin)
{
	static const struct {
		const char *name;
		PyMethodDef *method;
	} rows[] = {
		{"cont", &resumed_method},	     {"stop", &stopped_method},
		{"exited", &exited_method},	     {"inferior_call", &changed_method},
		{"memory_changed", &changed_method}, {"register_changed", &changed_method},
		{"new_objfile", &changed_method},    {"clear_objfiles", &changed_method},
		{"new_thread", &threads_method},     {"before_prompt", &prompt_method},
	};
	_cleanup_(py_decrefp)
	PyObject *events = PyObject_GetAttrString(plugin->gdb, "events");
	_cleanup_(py_decrefp)
	PyObject *capsule = PyCapsule_New(plugin, NULL, NULL);

	if (!events || !capsule)
		return false;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (!connect_one(events, rows[i].name, rows[i].method, capsule))
			return false;
	return true;
}
