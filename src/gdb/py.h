/* SPDX-License-Identifier: MIT */
#ifndef GDB_PY_H
#define GDB_PY_H

/* First, as Python wants it. Only what Py_LIMITED_API (meson.build) offers may be used. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "base/error.h"

/**
 * Small helpers around the Python C API.
 *
 * Conventions: a PyObject * that is returned is owned by the caller; NULL means that a Python
 * exception is set. A user's interruption (Ctrl-C, "q" in the pager) always stays a Python
 * exception, and the core sees the INTERRUPTED error along with it.
 */

static inline void py_decrefp(PyObject **object)
{
	Py_XDECREF(*object);
}

/** A Python exception put aside, so that Python can be called on the way out. */
struct py_pending {
	PyObject *type, *value, *traceback;
};

/** Put the current exception aside; none is fine. */
struct py_pending py_pending_take(void);
/** Make it current again. Another exception that was raised meanwhile gives way to it. */
void py_pending_restore(struct py_pending *pending);

/** object.NAME() with arguments by @p format, a tuple such as "(si)" or "()"; see Py_BuildValue().
 */
PyObject *py_call(PyObject *object, const char *name, const char *format, ...);

/** Attribute @p name of @p object; Py_None when there is no such attribute (an older GDB). */
PyObject *py_get_optional(PyObject *object, const char *name);

/** A str as UTF-8 from malloc, the caller's; NULL with an exception. */
char *py_text(PyObject *string);

/** A number, its low 64 bits; false with an exception. */
bool py_u64(PyObject *number, uint64_t *ret);

/**
 * Turn the current exception into an error and clear it. KeyboardInterrupt stays set, and the error
 * is INTERRUPTED. Must be called with an exception set.
 */
DILL_MUST_CHECK struct dill_error *py_error(void);

#if defined(__clang_analyzer__) && !defined(DEFINES_ERRORS)
#define py_error() error_made(py_error()) /* as in base/error.h */
#endif

/**
 * Raise @p error as @p exception and free it. An exception that is set already stays: it is why the
 * error came.
 */
void py_raise(PyObject *exception, struct dill_error *error);

#endif
