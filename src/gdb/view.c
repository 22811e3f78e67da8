/* SPDX-License-Identifier: MIT */
#include "gdb/view.h"

/* Frames are counted by walking: gdb.Frame.level() is too young, and switching threads makes every
 * gdb.Frame invalid. */
static bool selected_level(PyObject *gdb, unsigned *ret)
{
	PyObject *frame = py_call(gdb, "selected_frame", "()");
	unsigned level = 0;

	if (!frame) {
		/* A target without frames, such as one without registers. */
		if (PyErr_ExceptionMatches(PyExc_KeyboardInterrupt))
			return false;
		PyErr_Clear();
		*ret = 0;
		return true;
	}
	while (frame != Py_None) {
		PyObject *newer = py_call(frame, "newer", "()");

		Py_DECREF(frame);
		if (!newer)
			return false;
		frame = newer;
		level++;
	}
	Py_DECREF(frame);
	*ret = level - 1;
	return true;
}

static bool select_level(PyObject *gdb, unsigned level)
{
	PyObject *frame = py_call(gdb, "newest_frame", "()");
	PyObject *done;

	for (unsigned i = 0; frame && i < level; i++) {
		PyObject *older = py_call(frame, "older", "()");

		Py_DECREF(frame);
		frame = older;
	}
	if (!frame)
		return false;
	done = frame == Py_None ? NULL : py_call(frame, "select", "()");
	Py_DECREF(frame);
	Py_XDECREF(done);
	return done != NULL;
}

bool view_save(PyObject *gdb, struct view *ret)
{
	PyObject *thread = py_call(gdb, "selected_thread", "()");

	*ret = (struct view){0};
	if (!thread)
		return false;
	if (!selected_level(gdb, &ret->level)) {
		Py_DECREF(thread);
		return false;
	}
	ret->thread = thread;
	return true;
}

bool view_restore(PyObject *gdb, struct view *view)
{
	_cleanup_(py_decrefp)
	PyObject *thread = steal(view->thread);
	_cleanup_(py_decrefp)
	PyObject *done = NULL;

	if (!thread || thread == Py_None)
		return true;
	done = py_call(thread, "switch", "()");
	/* The innermost frame is selected by the switch itself. */
	return done && (view->level == 0 || select_level(gdb, view->level));
}
