/* SPDX-License-Identifier: MIT */
#ifndef GDB_VIEW_H
#define GDB_VIEW_H

#include "gdb/py.h"

/**
 * What GDB's user looks at: the selected thread and frame. GDB's functions for registers work on
 * the selected ones only, so dill moves them and puts them back.
 */
struct view {
	PyObject *thread;
	unsigned level; /**< of the selected frame; 0 = innermost */
};

/** Remember the view of @p gdb, the module. False with an exception. */
bool view_save(PyObject *gdb, struct view *ret);

/** Put the view back and drop it. False with an exception when GDB cannot. */
bool view_restore(PyObject *gdb, struct view *view);

#endif
