/* SPDX-License-Identifier: MIT */
#include "gdb/inferior_target.h"

#include "gdb/borrow.h"
#include "gdb/connection.h"
#include "gdb/gdb_registers.h"
#include "gdb/host.h"
#include "gdb/inferior_private.h"
#include "gdb/inferior_run.h"
#include "gdb/parameter.h"
#include "target/rsp.h"

struct dill_error *inferior_new(struct plugin *plugin, struct inferior **ret)
{
	struct inferior *inferior = calloc(1, sizeof(*inferior));

	if (!inferior)
		return error_no_memory();
	inferior->plugin = plugin;
	inferior->memory.gdb = plugin->gdb;
	*ret = inferior;
	return NULL;
}

/* --- GDB's side --- */

static struct dill_error *check_thread(PyObject *thread)
{
	_cleanup_(py_decrefp)
	PyObject *running = py_call(thread, "is_running", "()");

	if (!running)
		return py_error();
	return running == Py_True ? dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
						   "the target is running; interrupt it first")
				  : NULL;
}

static struct dill_error *check_stopped(PyObject *gdb)
{
	_cleanup_(py_decrefp)
	PyObject *selected = py_call(gdb, "selected_thread", "()");
	_cleanup_(py_decrefp)
	PyObject *threads = NULL;

	if (!selected)
		return py_error();
	/* First: GDB cannot list the threads of a stub that runs. */
	if (selected != Py_None)
		TRY(check_thread(selected));
	/* In non-stop mode another thread may run. */
	threads = gdb_thread_list(gdb);
	if (!threads)
		return py_error();
	for (Py_ssize_t i = 0; i < PyList_Size(threads); i++)
		TRY(check_thread(PyList_GetItem(threads, i)));
	return NULL;
}

/* The selected thread as the remote protocol writes it, for a stub with process ids and for one
 * without. */
static struct dill_error *selected_thread_id(PyObject *gdb, struct strbuf *ret)
{
	/* GDB makes this process id up for stubs that have none (remote.c magic_null_ptid). */
	static const int no_process = 42000;
	_cleanup_(py_decrefp)
	PyObject *thread = py_call(gdb, "selected_thread", "()");
	_cleanup_(py_decrefp)
	PyObject *ptid = NULL;
	int process;
	long lwp, tid;

	if (!thread)
		return py_error();
	if (thread == Py_None)
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT, "GDB has no thread selected");
	ptid = PyObject_GetAttrString(thread, "ptid");
	if (!ptid || !PyArg_ParseTuple(ptid, "ill", &process, &lwp, &tid))
		return py_error();
	if (process == no_process)
		strbuf_append_format(ret, "%lx", lwp);
	else
		strbuf_append_format(ret, "p%x.%lx", process, lwp);
	return strbuf_error(ret);
}

/*
 * GDB tells the stub its thread only when it next needs one. A read makes it do so now: from then
 * on both agree on the thread, and that is the one to put back.
 */
static struct dill_error *make_gdb_select(PyObject *gdb)
{
	_cleanup_(py_decrefp)
	PyObject *inferior = py_call(gdb, "selected_inferior", "()");
	_cleanup_(py_decrefp)
	PyObject *byte = inferior ? py_call(inferior, "read_memory", "(ii)", 0, 1) : NULL;

	if (byte || !PyErr_ExceptionMatches(PyExc_KeyboardInterrupt)) {
		PyErr_Clear(); /* nothing need lie there */
		return NULL;
	}
	return py_error();
}

/* --- the borrowed socket --- */

static struct dill_error *open_socket(struct inferior *inferior)
{
	struct plugin *plugin = inferior->plugin;
	_cleanup_(gdb_connection_deinit)
	struct gdb_connection connection = {0};
	struct target_options options = {
		.no_direct = parameter_direct(plugin) == DIRECT_OFF,
		.host = plugin_host(plugin),
	};
	int fd;

	if (!gdb_connection_get(plugin->gdb, &connection))
		return py_error();
	if (!connection.details)
		return dill_error_new(DILL_ERROR_NOT_FOUND, "not a connection that GDB shows");
	options.remote = connection.details;
	TRY(borrow_find(connection.details, &fd));
	return rsp_open_borrowed(fd, &options, &inferior->socket_ops, &inferior->socket_context);
}

static void close_socket(struct inferior *inferior)
{
	if (inferior->socket_ops)
		inferior->socket_ops->close(inferior->socket_context);
	inferior->socket_ops = NULL;
}

static struct dill_error *resume_socket(struct inferior *inferior)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf thread = {0};
	PyObject *gdb = inferior->plugin->gdb;

	if (!inferior->socket_ops)
		TRY(open_socket(inferior));
	TRY(selected_thread_id(gdb, &thread));
	TRY(make_gdb_select(gdb));
	TRY(rsp_borrowed_set_stop(inferior->socket_context, strbuf_get(&thread),
				  inferior->plugin->generation));
	return inferior->socket_ops->begin(inferior->socket_context);
}

/* The first time decides: when the socket cannot be had, or what is behind it does not answer as
 * dill knows it, GDB still can read its target. */
static struct dill_error *decide_route(struct inferior *inferior)
{
	struct dill_error *error = resume_socket(inferior);

	if (error && (dill_error_code(error) == DILL_ERROR_INTERRUPTED ||
		      dill_error_code(error) == DILL_ERROR_NO_MEMORY))
		return error;
	inferior->route = error ? ROUTE_GDB : ROUTE_SOCKET;
	if (!error)
		return NULL;
	close_socket(inferior);
	if (parameter_direct(inferior->plugin) == DIRECT_ON)
		plugin_log(inferior->plugin, dill_error_text(error));
	dill_error_free(error);
	return NULL;
}

/* --- ops --- */

struct dill_error *inferior_resume(struct inferior *inferior)
{
	if (!inferior)
		return NULL;

	/* Also on the way out of an interrupted command, whose end() must find the target taken. */
	struct py_pending pending = py_pending_take();
	struct dill_error *error = NULL;

	if (inferior->route == ROUTE_UNDECIDED)
		error = decide_route(inferior);
	else if (inferior->route == ROUTE_SOCKET)
		error = resume_socket(inferior);
	inferior->active = !error;
	py_pending_restore(&pending);
	return error;
}

struct dill_error *inferior_pause(struct inferior *inferior)
{
	struct py_pending pending;
	struct dill_error *error;

	if (!inferior || !inferior->active)
		return NULL;
	inferior->active = false;
	pending = py_pending_take();
	error = inferior->route == ROUTE_SOCKET
			? inferior->socket_ops->end(inferior->socket_context)
			: gdb_memory_settle(&inferior->memory);
	py_pending_restore(&pending);
	return error;
}

static struct dill_error *inferior_begin(void *context)
{
	struct inferior *inferior = context;

	TRY(check_stopped(inferior->plugin->gdb));
	if (inferior->route == ROUTE_UNDECIDED)
		TRY(gdb_check_machine(inferior->plugin->gdb));
	return inferior_resume(inferior);
}

static struct dill_error *inferior_end(void *context)
{
	struct inferior *inferior = context;
	struct dill_error *error = inferior_pause(inferior);

	inferior_tell_gdb(inferior);
	return error;
}

static unsigned inferior_spaces(void *context)
{
	struct inferior *inferior = context;

	return inferior->route == ROUTE_SOCKET
		       ? inferior->socket_ops->spaces(inferior->socket_context)
		       : gdb_memory_spaces(&inferior->memory);
}

/* Python must not be called with an exception set, and nothing more is wanted then. */
static struct dill_error *check_usable(const struct inferior *inferior)
{
	if (PyErr_Occurred())
		return error_interrupted();
	if (!inferior->active)
		return dill_error_new(DILL_ERROR_PROTOCOL, "the connection to the target is lost");
	return NULL;
}

static struct dill_error *inferior_read_pages(void *context, enum dill_space space,
					      struct dill_page_request *requests, size_t count)
{
	struct inferior *inferior = context;

	TRY(check_usable(inferior));
	if (inferior->route == ROUTE_SOCKET)
		return inferior->socket_ops->read_pages(inferior->socket_context, space, requests,
							count);
	return gdb_memory_read_pages(&inferior->memory, space, requests, count);
}

static unsigned inferior_piece_size(void *context)
{
	struct inferior *inferior = context;

	return inferior->route == ROUTE_SOCKET && inferior->active
		       ? inferior->socket_ops->piece_size(inferior->socket_context)
		       : 0;
}

static struct dill_error *inferior_read_pieces(void *context, enum dill_space space,
					       struct dill_page_request *requests, size_t count)
{
	struct inferior *inferior = context;

	TRY(check_usable(inferior));
	return inferior->socket_ops->read_pieces(inferior->socket_context, space, requests, count);
}

static struct dill_error *inferior_registers(void *context, unsigned cpu,
					     struct dill_registers *ret)
{
	struct inferior *inferior = context;

	TRY(check_usable(inferior));
	if (inferior->route == ROUTE_SOCKET)
		return inferior->socket_ops->registers(inferior->socket_context, cpu, ret);
	/* To find a frame, GDB reads code and stack. */
	TRY(gdb_memory_settle(&inferior->memory));
	return gdb_registers(inferior->plugin->gdb, cpu, ret);
}

static struct dill_error *inferior_machine(void *context, uint16_t *ret)
{
	struct inferior *inferior = context;

	if (inferior->route == ROUTE_SOCKET)
		return inferior->socket_ops->machine(inferior->socket_context, ret);
	return gdb_machine(inferior->plugin->gdb, ret);
}

static struct dill_error *inferior_cpu_count(void *context, unsigned *ret)
{
	struct inferior *inferior = context;

	TRY(check_usable(inferior));
	if (inferior->route == ROUTE_SOCKET)
		return inferior->socket_ops->cpu_count(inferior->socket_context, ret);
	return gdb_cpu_count(inferior->plugin->gdb, ret);
}

static uint64_t inferior_generation(void *context)
{
	struct inferior *inferior = context;

	return inferior->plugin->generation;
}

static void inferior_stats(void *context, struct dill_target_stats *ret)
{
	struct inferior *inferior = context;

	*ret = (struct dill_target_stats){
		.packets = inferior->memory.packets,
		.bytes = inferior->memory.bytes,
	};
	if (inferior->route == ROUTE_SOCKET && inferior->socket_ops->stats)
		inferior->socket_ops->stats(inferior->socket_context, ret);
}

static const char *inferior_describe(void *context)
{
	struct inferior *inferior = context;
	struct strbuf *text = &inferior->description;

	strbuf_clear(text);
	strbuf_append(text, "gdb, ");
	if (inferior->route == ROUTE_SOCKET)
		strbuf_append(text, inferior->socket_ops->describe(inferior->socket_context));
	else
		strbuf_append(text, gdb_memory_spaces(&inferior->memory) & DILL_SPACE_PHYSICAL
					    ? "through its own functions, physical and virtual"
					    : "through its own functions, virtual only");
	return strbuf_get(text);
}

static void inferior_close(void *context)
{
	struct inferior *inferior = context;

	close_socket(inferior);
	strbuf_deinit(&inferior->description);
	free(inferior);
}

static const struct dill_target_ops ops = {
	.name = "gdb",
	.run = inferior_run,
	.begin = inferior_begin,
	.end = inferior_end,
	.spaces = inferior_spaces,
	.read_pages = inferior_read_pages,
	.piece_size = inferior_piece_size,
	.read_pieces = inferior_read_pieces,
	.registers = inferior_registers,
	.machine = inferior_machine,
	.cpu_count = inferior_cpu_count,
	.generation = inferior_generation,
	.stats = inferior_stats,
	.describe = inferior_describe,
	.close = inferior_close,
};

const struct dill_target_ops *inferior_ops(void)
{
	return &ops;
}
