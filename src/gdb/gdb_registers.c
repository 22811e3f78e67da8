/* SPDX-License-Identifier: MIT */
#include "gdb/gdb_registers.h"

#include <stdlib.h>
#include <string.h>

#include "arch/arch.h"
#include "base/cleanup.h"
#include "base/machine.h"
#include "gdb/view.h"

PyObject *gdb_thread_list(PyObject *gdb)
{
	_cleanup_(py_decrefp)
	PyObject *inferior = py_call(gdb, "selected_inferior", "()");
	_cleanup_(py_decrefp)
	PyObject *threads = inferior ? py_call(inferior, "threads", "()") : NULL;

	return threads ? PySequence_List(threads) : NULL;
}

struct dill_error *gdb_cpu_count(PyObject *gdb, unsigned *ret)
{
	_cleanup_(py_decrefp)
	PyObject *threads = gdb_thread_list(gdb);
	Py_ssize_t count = threads ? PyList_Size(threads) : -1;

	if (count < 0)
		return py_error();
	*ret = count > 0 ? (unsigned)count : 1;
	return NULL;
}

static bool thread_number(PyObject *thread, uint64_t *ret)
{
	_cleanup_(py_decrefp)
	PyObject *number = PyObject_GetAttrString(thread, "num");

	return number && py_u64(number, ret);
}

/* How many of @threads have a lower number: threads are numbered like CPUs. */
static bool thread_rank(PyObject *threads, uint64_t number, unsigned *ret)
{
	*ret = 0;
	for (Py_ssize_t i = 0; i < PyList_Size(threads); i++) {
		uint64_t other;

		if (!thread_number(PyList_GetItem(threads, i), &other))
			return false;
		*ret += other < number;
	}
	return true;
}

/* The thread of @threads with exactly @rank lower numbers; borrowed, NULL without an exception when
 * there is none. */
static PyObject *thread_by_rank(PyObject *threads, unsigned rank)
{
	Py_ssize_t count = PyList_Size(threads);

	for (Py_ssize_t i = 0; i < count; i++) {
		uint64_t number;
		unsigned lower;

		if (!thread_number(PyList_GetItem(threads, i), &number) ||
		    !thread_rank(threads, number, &lower))
			return NULL;
		if (lower == rank)
			return PyList_GetItem(threads, i);
	}
	return NULL;
}

bool gdb_selected_cpu(PyObject *gdb, unsigned *ret)
{
	_cleanup_(py_decrefp)
	PyObject *thread = py_call(gdb, "selected_thread", "()");
	_cleanup_(py_decrefp)
	PyObject *threads = thread && thread != Py_None ? gdb_thread_list(gdb) : NULL;
	uint64_t number;
	bool found = threads && thread_number(thread, &number) && thread_rank(threads, number, ret);

	if (PyErr_Occurred() && !PyErr_ExceptionMatches(PyExc_KeyboardInterrupt))
		PyErr_Clear();
	return found;
}

/* GDB's name of the architecture; NULL with an exception. */
static char *architecture_name(PyObject *gdb)
{
	_cleanup_(py_decrefp)
	PyObject *inferior = py_call(gdb, "selected_inferior", "()");
	_cleanup_(py_decrefp)
	PyObject *architecture = inferior ? py_call(inferior, "architecture", "()") : NULL;
	_cleanup_(py_decrefp)
	PyObject *name = architecture ? py_call(architecture, "name", "()") : NULL;

	return name ? py_text(name) : NULL;
}

/* GDB takes an x86 machine that it knows nothing of for an i386: the register tells. */
static bool has_rip(PyObject *gdb)
{
	_cleanup_(py_decrefp)
	PyObject *value = py_call(gdb, "parse_and_eval", "(s)", "(unsigned long long)$rip");
	_cleanup_(py_decrefp)
	PyObject *number = value ? PyNumber_Long(value) : NULL;

	return number != NULL;
}

/* One that GDB has no name of, or a wrong one, is x86-64; NULL with an exception. */
static const struct arch *gdb_arch(PyObject *gdb)
{
	_cleanup_(freep)
	char *name = architecture_name(gdb);
	const struct arch *arch = name ? arch_of_gdb(name) : NULL;

	if (!name)
		return NULL;
	return arch ? arch : &arch_x86_64;
}

struct dill_error *gdb_machine(PyObject *gdb, uint16_t *ret)
{
	const struct arch *arch = gdb_arch(gdb);

	if (!arch)
		return py_error();
	*ret = arch->elf_machine;
	return NULL;
}

struct dill_error *gdb_check_machine(PyObject *gdb)
{
	_cleanup_(freep)
	char *architecture = architecture_name(gdb);
	const char *name =
		architecture && !arch_of_gdb(architecture) ? machine_of_gdb(architecture) : NULL;
	bool other = name && (strncmp(name, "i386", strlen("i386")) != 0 || !has_rip(gdb));

	if (PyErr_Occurred()) {
		if (PyErr_ExceptionMatches(PyExc_KeyboardInterrupt))
			return py_error();
		PyErr_Clear();
	}
	return other ? dill_error_new(DILL_ERROR_UNSUPPORTED,
				      "to GDB the target's machine is %s: dill knows " ARCH_KNOWN
				      " only",
				      name)
		     : NULL;
}

/* False with an exception only when the user interrupts: other targets lack other registers. */
static bool read_register(PyObject *frame, const char *name, uint64_t *ret, bool *ret_has)
{
	_cleanup_(py_decrefp)
	PyObject *value = py_call(frame, "read_register", "(s)", name);
	_cleanup_(py_decrefp)
	PyObject *number = NULL;

	/* Flags and segment registers may have types of their own. */
	if (value)
		number = PyNumber_Long(value);
	*ret_has = number && py_u64(number, ret);
	if (*ret_has)
		return true;
	if (PyErr_ExceptionMatches(PyExc_KeyboardInterrupt))
		return false;
	PyErr_Clear();
	return true;
}

static bool read_registers(PyObject *gdb, struct dill_registers *ret)
{
	_cleanup_(py_decrefp)
	PyObject *frame = py_call(gdb, "newest_frame", "()");
	const struct arch *arch = gdb_arch(gdb);
	struct dill_registers registers = {0};
	unsigned known = 0;

	if (!frame || !arch)
		return false;
	for (const struct arch_register *row = arch->registers; row->name; row++) {
		bool has = known >> row->role & 1;

		if (!has &&
		    !read_register(frame, row->name, arch_register_of(&registers, row->role), &has))
			return false;
		known |= (unsigned)has << row->role;
	}
	registers.has_control = (known & arch->control) == arch->control;
	*ret = registers;
	return true;
}

static bool read_thread(PyObject *gdb, PyObject *thread, struct dill_registers *ret)
{
	struct view view;
	struct py_pending pending;
	PyObject *done;
	bool read, restored;

	if (!view_save(gdb, &view))
		return false;
	done = py_call(thread, "switch", "()");
	read = done && read_registers(gdb, ret);
	Py_XDECREF(done);
	pending = py_pending_take();
	restored = view_restore(gdb, &view);
	py_pending_restore(&pending);
	return read && restored;
}

struct dill_error *gdb_registers(PyObject *gdb, unsigned cpu, struct dill_registers *ret)
{
	_cleanup_(py_decrefp)
	PyObject *threads = gdb_thread_list(gdb);
	PyObject *thread = threads ? thread_by_rank(threads, cpu) : NULL;

	if (!thread && !PyErr_Occurred())
		return dill_error_new(DILL_ERROR_NOT_FOUND, "GDB has no thread for CPU %u", cpu);
	if (!thread || !read_thread(gdb, thread, ret))
		return py_error();
	return NULL;
}
