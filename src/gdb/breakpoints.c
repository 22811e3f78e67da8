/* SPDX-License-Identifier: MIT */
#include "gdb/breakpoints.h"

#include <inttypes.h>

struct dill_error *breakpoints_init(struct breakpoints *breakpoints, struct plugin *plugin,
				    PyObject *stop)
{
	_cleanup_(py_decrefp)
	PyObject *base = PyObject_GetAttrString(plugin->gdb, "Breakpoint");

	*breakpoints = (struct breakpoints){.plugin = plugin};
	if (base)
		breakpoints->type = PyObject_CallFunction((PyObject *)&PyType_Type, "s(O){sO}",
							  "dill.Probe", base, "stop", stop);
	return breakpoints->type ? NULL : py_error();
}

static struct dill_error *enable(PyObject *breakpoint, bool on)
{
	return PyObject_SetAttrString(breakpoint, "enabled", on ? Py_True : Py_False) < 0
		       ? py_error()
		       : NULL;
}

static struct dill_error *add(struct breakpoints *breakpoints, dill_virt address)
{
	char place[32];
	_cleanup_(py_decrefp)
	PyObject *arguments = NULL;
	_cleanup_(py_decrefp)
	PyObject *names = NULL;
	struct breakpoint item = {.address = address};

	snprintf(place, sizeof(place), "*0x%" PRIx64, address);
	arguments = Py_BuildValue("(s)", place);
	names = Py_BuildValue("{sO}", "internal", Py_True);
	if (!arguments || !names)
		return py_error();
	TRY(array_reserve(&breakpoints->list, 1));
	TRY(number_map_put(&breakpoints->places, address, breakpoints->list.count));
	item.object = PyObject_Call(breakpoints->type, arguments, names);
	if (!item.object) {
		number_map_remove(&breakpoints->places, address);
		return py_error();
	}
	breakpoints->list.items[breakpoints->list.count++] = item;
	/* Its number would mean nothing to the user, who is told why it stops. */
	return PyObject_SetAttrString(item.object, "silent", Py_True) < 0 ? py_error() : NULL;
}

struct dill_error *breakpoints_insert(void *context, dill_virt address)
{
	struct breakpoints *breakpoints = context;
	uint64_t place;

	if (number_map_get(&breakpoints->places, address, &place))
		return enable(breakpoints->list.items[place].object, true);
	return add(breakpoints, address);
}

struct dill_error *breakpoints_remove(void *context, dill_virt address)
{
	struct breakpoints *breakpoints = context;
	uint64_t place;

	return number_map_get(&breakpoints->places, address, &place)
		       ? enable(breakpoints->list.items[place].object, false)
		       : NULL;
}

static void delete_one(PyObject *object)
{
	_cleanup_(py_decrefp)
	PyObject *done = py_call(object, "delete", "()");

	if (!done)
		PyErr_Clear();
	Py_DECREF(object);
}

void breakpoints_deinit(struct breakpoints *breakpoints)
{
	for (size_t i = 0; i < breakpoints->list.count; i++)
		delete_one(breakpoints->list.items[i].object);
	array_free(&breakpoints->list);
	number_map_deinit(&breakpoints->places);
	Py_CLEAR(breakpoints->type);
}
