/* SPDX-License-Identifier: MIT */
#include "gdb/plugin_session.h"

#include <inttypes.h>

#include "base/file_status.h"
#include "base/strbuf.h"
#include "command/open_target.h"
#include "gdb/armed_trace.h"
#include "gdb/connection.h"
#include "gdb/gdb_registers.h"
#include "gdb/host.h"
#include "gdb/inferior_target.h"
#include "gdb/opened_core.h"
#include "gdb/parameter.h"

/* GDB reads the target itself while it evaluates, and may call back into dill's functions. */
static struct dill_error *evaluate(void *context, const char *expression, uint64_t *ret)
{
	struct plugin *plugin = context;
	_cleanup_(py_decrefp)
	PyObject *value = NULL;
	struct dill_error *error = NULL, *resume_error;

	TRY(inferior_pause(plugin->inferior));
	plugin->evaluating = true;
	value = py_call(plugin->gdb, "parse_and_eval", "(s)", expression);
	if (!value || !py_u64(value, ret))
		error = py_error();
	plugin->evaluating = false;
	resume_error = inferior_resume(plugin->inferior);
	if (!error)
		return resume_error;
	dill_error_free(resume_error);
	return error;
}

/* Asked for its threads, GDB asks the target. */
static bool selected_cpu(void *context, unsigned *ret)
{
	struct plugin *plugin = context;
	struct dill_error *error = inferior_pause(plugin->inferior);
	/* A file of dill's own has no threads in GDB; a core that GDB has opened has. */
	bool found = !error && !plugin->opened && gdb_selected_cpu(plugin->gdb, ret);

	if (!error)
		error = inferior_resume(plugin->inferior);
	/* A lost connection shows at the next read. */
	dill_error_free(error);
	return found;
}

/* --- the session --- */

/* What a trace holds of the kernel goes with it. */
static void forget(void *context)
{
	struct plugin *plugin = context;
	struct py_pending pending = py_pending_take();

	armed_trace_free(steal(plugin->armed_trace));
	py_pending_restore(&pending);
}

void plugin_close_session(struct plugin *plugin)
{
	session_free(steal(plugin->session));
	plugin->inferior = NULL;
	free(steal(plugin->session_key));
}

/* Path of the kernel image that was given to GDB as a file; NULL when none was. */
static char *image_path(struct plugin *plugin)
{
	_cleanup_(py_decrefp)
	PyObject *space = py_call(plugin->gdb, "current_progspace", "()");
	_cleanup_(py_decrefp)
	PyObject *objfiles = NULL;
	_cleanup_(py_decrefp)
	PyObject *file = NULL;

	if (!space)
		return NULL;
	file = PyObject_GetAttrString(space, "filename");
	if (file && file != Py_None)
		return py_text(file);
	/* "symbol-file vmlinux" gives no program, but an object file. */
	objfiles = py_call(space, "objfiles", "()");
	if (!objfiles || PyList_Size(objfiles) < 1)
		return NULL;
	Py_XDECREF(steal(file));
	file = PyObject_GetAttrString(PyList_GetItem(objfiles, 0), "filename");
	return file && file != Py_None ? py_text(file) : NULL;
}

static bool append_attribute(struct strbuf *text, PyObject *object, const char *name)
{
	_cleanup_(py_decrefp)
	PyObject *value = py_get_optional(object, name);
	_cleanup_(py_decrefp)
	PyObject *string = value ? PyObject_Str(value) : NULL;
	_cleanup_(freep)
	char *utf8 = string ? py_text(string) : NULL;

	if (!utf8)
		return false;
	strbuf_append_format(text, "%s/", utf8);
	return true;
}

/* How the selected inferior is reached; nothing when there is none. */
static bool inferior_key(struct plugin *plugin, struct strbuf *ret, bool *ret_is_core)
{
	_cleanup_(py_decrefp)
	PyObject *inferior = py_call(plugin->gdb, "selected_inferior", "()");
	_cleanup_(py_decrefp)
	PyObject *process = inferior ? PyObject_GetAttrString(inferior, "pid") : NULL;
	_cleanup_(gdb_connection_deinit)
	struct gdb_connection connection = {0};
	uint64_t pid;

	if (!process || !py_u64(process, &pid))
		return false;
	if (!pid)
		return true;
	if (!append_attribute(ret, inferior, "num") || !append_attribute(ret, inferior, "pid") ||
	    !gdb_connection_get(plugin->gdb, &connection))
		return false;
	strbuf_append_format(ret, "%" PRIu64 "/%d/%d/", connection.number, parameter_direct(plugin),
			     parameter_cache(plugin));
	*ret_is_core = connection.is_core;
	return true;
}

/* A file of types, which its user may have made anew since. */
static void append_types(const char *path, struct strbuf *ret)
{
	struct file_status status = {0};

	(void)file_status_path(path, &status);
	strbuf_append_format(ret, "/%s %" PRIu64 " %" PRIu64 " %" PRId64, path, status.inode,
			     status.size, status.changed);
}

/*
 * Everything that makes a session useless when it changes. Connections are counted, so a second
 * "target remote" to the same place is seen, too.
 * @ret stays empty when there is no target.
 */
static bool session_key(struct plugin *plugin, const char *image, const char *types,
			struct strbuf *ret, bool *ret_is_core)
{
	if (plugin->opened)
		strbuf_append_format(ret, "file %" PRIu64 "/", plugin->opened_count);
	else if (!inferior_key(plugin, ret, ret_is_core))
		return false;
	if (ret->length)
		strbuf_append(ret, image ? image : "");
	if (ret->length && types)
		append_types(types, ret);
	return true;
}

static struct dill_error *open_target(struct plugin *plugin, const struct target_options *target,
				      const struct session_options *options)
{
	const struct dill_target_ops *ops;
	void *context;

	TRY(command_target_open(target, &ops, &context));
	return session_new(ops, context, options, &plugin->session);
}

static struct dill_error *open_files(struct plugin *plugin, struct session_options *options)
{
	const struct opened *opened = plugin->opened;
	const char *const *files = (const char *const *)opened->files.items;
	const struct target_options target = {
		.file = files[0],
		.more_files = files + 1,
		.more_count = opened->files.count - 1,
		.memory_map = opened->memory_map,
		.host = plugin_host(plugin),
	};

	options->kernel_choice = opened->kernel;
	return open_target(plugin, &target, options);
}

/* GDB reads a core by its virtual addresses, which most dumps do not have, and shows no registers
 * of the system: dill reads the same file. False when that cannot be. */
static struct dill_error *try_core(struct plugin *plugin, const struct session_options *options,
				   bool *ret)
{
	_cleanup_(freep)
	char *path = NULL;
	struct dill_error *error;

	TRY(file_of_core(plugin, &path));
	if (!path)
		return NULL;
	error = open_target(plugin,
			    &(struct target_options){.file = path, .host = plugin_host(plugin)},
			    options);
	*ret = !error;
	if (error && dill_error_code(error) == DILL_ERROR_NO_MEMORY)
		return error;
	dill_error_free(error);
	return NULL;
}

static struct dill_error *open_session(struct plugin *plugin, const char *image, const char *types,
				       bool is_core)
{
	struct session_options options = {
		.image_path = image,
		.types_path = types,
		.image_is_offered = true,
		.no_cache = !parameter_cache(plugin),
		.host = plugin_host(plugin),
		.evaluate = evaluate,
		.selected_cpu = selected_cpu,
		.forget = forget,
	};
	struct inferior *inferior;
	bool opened = false;

	if (plugin->opened)
		return open_files(plugin, &options);
	if (is_core)
		TRY(try_core(plugin, &options, &opened));
	if (opened)
		return NULL;
	TRY(inferior_new(plugin, &inferior));
	TRY(session_new(inferior_ops(), inferior, &options, &plugin->session));
	plugin->inferior = inferior;
	return NULL;
}

struct dill_error *plugin_session(struct plugin *plugin, struct session **ret)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf key = {0};
	_cleanup_(freep)
	char *image = image_path(plugin);
	_cleanup_(freep)
	char *types = parameter_types(plugin);
	struct dill_error *error;
	bool is_core = false;

	if (PyErr_Occurred() || !session_key(plugin, image, types, &key, &is_core))
		return py_error();
	TRY(strbuf_error(&key));
	if (!plugin->session_key || strcmp(plugin->session_key, strbuf_get(&key)) != 0)
		plugin_close_session(plugin);
	if (!plugin->session && key.length) {
		plugin->session_key = strdup(strbuf_get(&key));
		if (!plugin->session_key)
			return error_no_memory();
		error = open_session(plugin, image, types, is_core);
		if (error) { /* the key is that of a session */
			plugin_close_session(plugin);
			return error;
		}
	}
	*ret = plugin->session;
	return NULL;
}

struct dill_error *plugin_no_target(void)
{
	return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
			      "no target: connect GDB first, such as with \"target remote :1234\" "
			      "to qemu -s, or open a dump: \"dill open FILE\"");
}

struct dill_error *plugin_begin(struct plugin *plugin, struct session **ret)
{
	struct session *session;

	if (plugin->evaluating) {
		TRY(inferior_resume(plugin->inferior));
		*ret = plugin->session;
		return NULL;
	}
	TRY(plugin_session(plugin, &session));
	if (!session)
		return plugin_no_target();
	TRY(session_begin(session));
	*ret = session;
	return NULL;
}

struct dill_error *plugin_end(struct plugin *plugin)
{
	if (plugin->evaluating)
		return inferior_pause(plugin->inferior);
	return session_end(plugin->session);
}
