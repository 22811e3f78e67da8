/* SPDX-License-Identifier: MIT */
#include "gdb/output.h"

#include <unistd.h>

#include "gdb/host.h"
#include "gdb/inferior_target.h"

/*
 * The pager may ask its question in the middle of a write, for as long as the user likes, and GDB
 * must have its target back meanwhile. So most answers are held until their command is done.
 */
#define HELD_MAX (1u << 20)

static struct dill_error *write_text(struct plugin *plugin, const char *bytes, size_t length)
{
	_cleanup_(py_decrefp)
	PyObject *text = PyUnicode_DecodeUTF8(bytes, (Py_ssize_t)length, "replace");
	_cleanup_(py_decrefp)
	PyObject *done = text ? py_call(plugin->gdb, "write", "(O)", text) : NULL;

	return done ? NULL : py_error();
}

struct dill_error *gdb_output_flush(struct gdb_output *output)
{
	struct dill_error *error = strbuf_error(&output->held);

	if (!error && output->held.length)
		error = write_text(output->plugin, strbuf_get(&output->held), output->held.length);
	strbuf_clear(&output->held);
	return error;
}

static struct dill_error *write_held(void *context, const char *bytes, size_t length)
{
	struct gdb_output *output = context;
	struct inferior *inferior = output->plugin->inferior;
	struct dill_error *error;

	strbuf_append_bytes(&output->held, bytes, length);
	/* Only whole lines: a character in two parts could not be decoded. */
	if (output->held.length < HELD_MAX || !length || bytes[length - 1] != '\n')
		return NULL;
	if (!inferior)
		return gdb_output_flush(output);
	TRY(inferior_pause(inferior));
	error = gdb_output_flush(output);
	if (error) {
		/* The command's end() expects a target that is not paused. */
		dill_error_free(inferior_resume(inferior));
		return error;
	}
	return inferior_resume(inferior);
}

static struct dill_error *flush_held(void *context)
{
	return gdb_output_flush(context);
}

/* The value of GDB's parameter; NULL when it has none of that name. */
static PyObject *parameter(struct plugin *plugin, const char *name)
{
	PyObject *value = py_call(plugin->gdb, "parameter", "(s)", name);

	if (!value)
		PyErr_Clear();
	return value;
}

static bool has_color(struct plugin *plugin)
{
	_cleanup_(py_decrefp)
	PyObject *enabled = parameter(plugin, "style enabled");

	/* GDB 13 lets escapes through even with styles off. */
	return enabled == Py_True && isatty(STDOUT_FILENO);
}

/* 0 = unlimited, also when GDB's own width was made for no terminal. */
static unsigned width(struct plugin *plugin)
{
	_cleanup_(py_decrefp)
	PyObject *value = parameter(plugin, "width");
	uint64_t columns = 0;

	/* None = unlimited. */
	if (value && value != Py_None && !py_u64(value, &columns))
		PyErr_Clear();
	return columns <= UINT16_MAX && isatty(STDOUT_FILENO) ? (unsigned)columns : 0;
}

static bool is_interrupted(void *context)
{
	const struct gdb_output *output = context;
	struct dill_host host = plugin_host(output->plugin);

	return host.interrupted(host.context);
}

struct output gdb_output_open(struct gdb_output *output, struct plugin *plugin)
{
	output->plugin = plugin;
	return (struct output){
		.write = write_held,
		.flush = flush_held,
		.context = output,
		.interrupted = is_interrupted,
		.color = has_color(plugin),
		.width = width(plugin),
		.format = RENDER_TEXT,
		.screen = isatty(STDOUT_FILENO),
	};
}

void gdb_output_deinit(struct gdb_output *output)
{
	strbuf_deinit(&output->held);
}
