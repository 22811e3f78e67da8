/* SPDX-License-Identifier: MIT */
#include "gdb/stop_registers.h"

#include <inttypes.h>

#include "gdb/gdb_registers.h"

static const char *const names[DILL_REGISTER_COUNT] = {
	[DILL_RAX] = "rax", [DILL_RBX] = "rbx", [DILL_RCX] = "rcx", [DILL_RDX] = "rdx",
	[DILL_RSI] = "rsi", [DILL_RDI] = "rdi", [DILL_RBP] = "rbp", [DILL_RSP] = "rsp",
	[DILL_R8] = "r8",   [DILL_R9] = "r9",	[DILL_R10] = "r10", [DILL_R11] = "r11",
	[DILL_R12] = "r12", [DILL_R13] = "r13", [DILL_R14] = "r14", [DILL_R15] = "r15",
	[DILL_RIP] = "rip",
};

struct dill_error *stop_registers(PyObject *gdb, struct dill_stop *ret)
{
	_cleanup_(py_decrefp)
	PyObject *frame = NULL;

	*ret = (struct dill_stop){.kind = DILL_STOP_TRAP};
	if (!gdb_selected_cpu(gdb, &ret->cpu))
		return PyErr_Occurred() ? py_error()
					: dill_error_new(DILL_ERROR_PROTOCOL,
							 "GDB does not tell which CPU stopped");
	frame = py_call(gdb, "newest_frame", "()");
	if (!frame)
		return py_error();
	for (unsigned i = 0; i < DILL_REGISTER_COUNT; i++) {
		_cleanup_(py_decrefp)
		PyObject *value = py_call(frame, "read_register", "(s)", names[i]);
		_cleanup_(py_decrefp)
		PyObject *number = value ? PyNumber_Long(value) : NULL;

		if (!number || !py_u64(number, &ret->registers[i]))
			return py_error();
	}
	return NULL;
}

static struct dill_error *read_memory(struct peek *peek, dill_virt address, void *buffer,
				      size_t length)
{
	PyObject *gdb = ((struct gdb_peek *)peek)->gdb;
	_cleanup_(py_decrefp)
	PyObject *inferior = py_call(gdb, "selected_inferior", "()");
	_cleanup_(py_decrefp)
	PyObject *view = inferior ? py_call(inferior, "read_memory", "(KI)",
					    (unsigned long long)address, (unsigned)length)
				  : NULL;
	_cleanup_(py_decrefp)
	PyObject *bytes = view ? PyBytes_FromObject(view) : NULL;
	Py_ssize_t size;
	char *data;

	if (!bytes) {
		if (PyErr_ExceptionMatches(PyExc_KeyboardInterrupt))
			return py_error();
		PyErr_Clear();
		return dill_error_new_fault(address, "cannot read address 0x%" PRIx64, address);
	}
	if (PyBytes_AsStringAndSize(bytes, &data, &size) < 0)
		return py_error();
	if ((size_t)size != length)
		return dill_error_new_fault(address, "cannot read address 0x%" PRIx64, address);
	memcpy(buffer, data, length);
	return NULL;
}

void gdb_peek_init(struct gdb_peek *peek, PyObject *gdb)
{
	*peek = (struct gdb_peek){.peek.read = read_memory, .gdb = gdb};
}
