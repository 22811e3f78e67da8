/* SPDX-License-Identifier: MIT */
#include "gdb/gdb_memory.h"

#include "base/strbuf.h"

/* "maintenance packet" prints what it sent and then what came. */
static char *packet_reply(const char *printed)
{
	static const char start[] = "received: \"";
	const char *reply = strstr(printed, start);
	const char *end;

	if (!reply)
		return strdup("");
	reply += strlen(start);
	end = strrchr(reply, '"');
	return strndup(reply, end ? (size_t)(end - reply) : strlen(reply));
}

struct dill_error *gdb_packet(PyObject *gdb, const char *packet, char **ret)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf line = {0};
	_cleanup_(py_decrefp)
	PyObject *printed = NULL;
	_cleanup_(freep)
	char *text = NULL;

	strbuf_append_format(&line, "maintenance packet %s", packet);
	TRY(strbuf_error(&line));
	printed = py_call(gdb, "execute", "(sOO)", strbuf_get(&line), Py_False, Py_True);
	text = printed ? py_text(printed) : NULL;
	if (!text)
		return py_error();
	*ret = packet_reply(text);
	return *ret ? NULL : error_no_memory();
}

/* --- the stub's mode --- */

static struct dill_error *ask_mode(struct gdb_memory *memory)
{
	_cleanup_(freep)
	char *reply = NULL;
	struct dill_error *error;

	memory->packets++;
	error = gdb_packet(memory->gdb, "qqemu.PhyMemMode", &reply);
	if (error && dill_error_code(error) == DILL_ERROR_INTERRUPTED)
		return error;
	memory->mode = PHYSICAL_ABSENT;
	if (!error && strcmp(reply, "0") == 0)
		memory->mode = PHYSICAL_OFF;
	else if (!error && strcmp(reply, "1") == 0)
		memory->mode = PHYSICAL_ON;
	memory->found = memory->mode;
	dill_error_free(error);
	return NULL;
}

static struct dill_error *set_mode(struct gdb_memory *memory, enum physical_mode mode)
{
	_cleanup_(freep)
	char *reply = NULL;

	if (memory->mode == mode || memory->mode == PHYSICAL_UNKNOWN ||
	    memory->mode == PHYSICAL_ABSENT)
		return NULL;
	memory->packets++;
	TRY(gdb_packet(memory->gdb,
		       mode == PHYSICAL_ON ? "Qqemu.PhyMemMode:1" : "Qqemu.PhyMemMode:0", &reply));
	if (strcmp(reply, "OK") != 0)
		return dill_error_new(DILL_ERROR_PROTOCOL,
				      "the stub does not switch its memory mode: \"%s\"", reply);
	memory->mode = mode;
	return NULL;
}

unsigned gdb_memory_spaces(struct gdb_memory *memory)
{
	if (memory->mode == PHYSICAL_UNKNOWN)
		dill_error_free(ask_mode(memory));
	return memory->mode == PHYSICAL_OFF || memory->mode == PHYSICAL_ON
		       ? DILL_SPACE_PHYSICAL | DILL_SPACE_VIRTUAL
		       : DILL_SPACE_VIRTUAL;
}

struct dill_error *gdb_memory_settle(struct gdb_memory *memory)
{
	/* Must not fail because the user pressed Ctrl-C: the mode is not his. */
	struct py_pending pending = py_pending_take();
	struct dill_error *error = set_mode(memory, memory->found);

	py_pending_restore(&pending);
	return error;
}

/* --- reading --- */

static PyObject *inferior_read(struct gdb_memory *memory, uint64_t address)
{
	_cleanup_(py_decrefp)
	PyObject *inferior = py_call(memory->gdb, "selected_inferior", "()");
	_cleanup_(py_decrefp)
	PyObject *view = NULL;

	if (inferior)
		view = py_call(inferior, "read_memory", "(KI)", (unsigned long long)address,
			       DILL_PAGE_SIZE);
	/* The buffer protocol entered the stable ABI after 3.8: a copy it is. */
	return view ? PyBytes_FromObject(view) : NULL;
}

static struct dill_error *read_page(struct gdb_memory *memory, struct dill_page_request *request)
{
	_cleanup_(py_decrefp)
	PyObject *bytes = inferior_read(memory, request->address);
	char *data;
	Py_ssize_t length;

	memory->packets++;
	if (!bytes) {
		_cleanup_(py_decrefp)
		PyObject *unreadable = PyErr_ExceptionMatches(PyExc_KeyboardInterrupt)
					       ? NULL
					       : PyObject_GetAttrString(memory->gdb, "MemoryError");

		if (!unreadable || !PyErr_ExceptionMatches(unreadable))
			return py_error();
		PyErr_Clear();
		return NULL;
	}
	if (PyBytes_AsStringAndSize(bytes, &data, &length) < 0)
		return py_error();
	if (length != DILL_PAGE_SIZE)
		return NULL;
	memcpy(request->buffer, data, DILL_PAGE_SIZE);
	memory->bytes += DILL_PAGE_SIZE;
	request->done = true;
	return NULL;
}

struct dill_error *gdb_memory_read_pages(struct gdb_memory *memory, enum dill_space space,
					 struct dill_page_request *requests, size_t count)
{
	TRY(set_mode(memory, space == DILL_SPACE_PHYSICAL ? PHYSICAL_ON : PHYSICAL_OFF));
	for (size_t i = 0; i < count; i++)
		TRY(read_page(memory, &requests[i]));
	return NULL;
}
