/* SPDX-License-Identifier: MIT */
#include "command/arguments.h"
#include "command/registry.h"
#include "command/trace_filter.h"
#include "command/words.h"
#include "gdb/interrupt_watch.h"
#include "gdb/live.h"

/*
 * dill run, NAME, on, off, stop, status: the tracer that works while the user says "continue". They
 * are GDB's alone; what they take is described by tables as other commands' is.
 */

static const char follow_help[] = "NAME is a task's name, a glob, or a number as for --pid.\n";

static const struct command follow_table = {
	.name = "NAME",
	.summary = "Follow the tasks of this name from now on",
	.help = follow_help,
	.arguments = {{"NAME", ARGUMENT_TASK, .optional = true}},
	.options = {TRACE_FILTER_TABLE},
};

static struct dill_error *not_armed(void)
{
	return dill_error_new(DILL_ERROR_NOT_FOUND, "nothing is armed: \"dill run\" first");
}

static struct dill_error *follow(struct plugin *plugin, const struct command *command,
				 const char *line)
{
	_cleanup_(words_deinitp)
	struct words words = {0};
	struct command_call call = {0};
	struct common_given common;
	struct trace_filter filter;

	TRY(words_split(line, &words));
	TRY(arguments_parse(command, (int)words.list.count, (const char *const *)words.list.items,
			    &call, &common));
	call.command = command;
	TRY(trace_filter_parse(&call, &filter));
	return live_follow(plugin->live, &filter);
}

struct dill_error *live_follow_line(struct plugin *plugin, const char *line)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf whole = {0};

	if (!plugin->live)
		return not_armed();
	strbuf_append_format(&whole, "NAME %s", line);
	TRY(strbuf_error(&whole));
	return follow(plugin, &follow_table, strbuf_get(&whole));
}

/* With "continue &" the prompt is there while the target runs, and its breakpoints cannot change.
 */
static bool is_running(struct plugin *plugin)
{
	_cleanup_(py_decrefp)
	PyObject *thread = py_call(plugin->gdb, "selected_thread", "()");
	_cleanup_(py_decrefp)
	PyObject *running =
		thread && thread != Py_None ? py_call(thread, "is_running", "()") : NULL;

	if (PyErr_Occurred())
		PyErr_Clear();
	return running == Py_True;
}

static struct dill_error *check_stopped(struct plugin *plugin)
{
	if (!is_running(plugin))
		return NULL;
	if (!plugin->live)
		return dill_error_new(DILL_ERROR_UNSUPPORTED,
				      "the target is running: \"interrupt\" first");
	interrupt_watch_request();
	return dill_error_new(DILL_ERROR_UNSUPPORTED,
			      "the target is running: it will stop at the next call of the "
			      "allocator; then say it again");
}

static struct dill_error *arm(struct plugin *plugin)
{
	struct session *session;

	TRY(plugin_session(plugin, &session));
	if (!session)
		return plugin_no_target();
	if (!plugin->inferior)
		return dill_error_new(DILL_ERROR_UNSUPPORTED,
				      "a dump does not run, so that nothing can be traced in it");
	return live_new(plugin, session, &plugin->live);
}

static struct dill_error *write_status(struct plugin *plugin)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf text = {0};
	_cleanup_(py_decrefp)
	PyObject *done = NULL;

	if (plugin->live)
		TRY(live_describe(plugin->live, &text));
	else
		strbuf_append(&text, "nothing is armed\n");
	done = py_call(plugin->gdb, "write", "(s)", strbuf_get(&text));
	return done ? NULL : py_error();
}

/* Between begin and end, so that symbols and caches can be looked up. */
static struct dill_error *read_request(struct plugin *plugin, const struct words *words,
				       struct break_request *ret)
{
	struct common_given common;
	struct command_call call = {0};
	struct dill_error *error, *end_error;
	struct session *session;

	TRY(arguments_parse(&break_command, (int)words->list.count,
			    (const char *const *)words->list.items, &call, &common));
	TRY(plugin_begin(plugin, &session));
	error = break_request_parse(&call, session, ret);
	end_error = plugin_end(plugin);
	if (!error)
		return end_error;
	dill_error_free(end_error);
	return error;
}

struct dill_error *live_break_words(struct plugin *plugin, const struct words *words)
{
	struct break_request request;
	struct dill_error *error;
	bool fresh = !plugin->live;

	TRY(check_stopped(plugin));
	TRY(read_request(plugin, words, &request));
	if (fresh)
		TRY(arm(plugin));
	error = live_break(plugin->live, &request);
	if (error && fresh)
		live_free(steal(plugin->live));
	return error ? error : write_status(plugin);
}

static const struct command run_table;

static struct dill_error *run_run(struct plugin *plugin, const char *line)
{
	bool fresh = !plugin->live;
	struct dill_error *error = NULL;

	TRY(check_stopped(plugin));
	if (fresh)
		TRY(arm(plugin));
	error = follow(plugin, &run_table, line);
	if (error && fresh)
		live_free(steal(plugin->live));
	return error ? error : write_status(plugin);
}

static struct dill_error *run_on(struct plugin *plugin, const char *line)
{
	(void)line;
	if (!plugin->live)
		return not_armed();
	live_mute(plugin->live, false);
	return NULL;
}

static struct dill_error *run_off(struct plugin *plugin, const char *line)
{
	(void)line;
	if (!plugin->live)
		return not_armed();
	live_mute(plugin->live, true);
	return NULL;
}

static struct dill_error *run_stop(struct plugin *plugin, const char *line)
{
	(void)line;
	TRY(check_stopped(plugin));
	TRY(write_status(plugin));
	live_free(steal(plugin->live));
	return NULL;
}

static struct dill_error *run_status(struct plugin *plugin, const char *line)
{
	(void)line;
	return write_status(plugin);
}

static const struct command run_table = {
	.name = "run",
	.summary = "Arm the tracer: events are shown while the target runs",
	.help = "Then \"dill NAME\" chooses what to follow, \"continue\" lets the target run, "
		"and each\n"
		"allocation and free prints as it happens. \"dill off\" and \"dill on\" mute and "
		"unmute,\n"
		"\"dill status\" tells what was seen, \"dill stop\" disarms. Works on every target "
		"that\n"
		"GDB can reach; \"dill trace\" is several times faster where it can be used.\n"
		"\n"
		"NAME is a task's name, a glob, or a number as for --pid. Without it all are "
		"followed.\n",
	.arguments = {{"NAME", ARGUMENT_TASK, .optional = true}},
	.options = {TRACE_FILTER_TABLE},
};

static const struct {
	const struct command *table;
	struct dill_error *(*run)(struct plugin *plugin, const char *line);
} live_commands[] = {
	{&run_table, run_run},
	{&(const struct command){
		 .name = "on", .summary = "Show events again", .help = "After \"dill off\".\n"},
	 run_on},
	{&(const struct command){.name = "off",
				 .summary = "Show no events, but go on following",
				 .help = "The target is not faster for it: see \"dill stop\".\n"},
	 run_off},
	{&(const struct command){.name = "stop",
				 .summary = "Disarm the tracer; no breakpoint stays",
				 .help = "Prints what was seen.\n"},
	 run_stop},
	{&(const struct command){.name = "status",
				 .summary = "What is armed, and what was seen",
				 .help = "Events, stops, and losses.\n"},
	 run_status},
};

#define LIVE_COMMANDS (sizeof(live_commands) / sizeof(*live_commands))

/* --- registration --- */

/* What the Python method of one command is bound to. */
struct binding {
	struct plugin *plugin;
	size_t index;
};

static PyObject *invoke(PyObject *self, PyObject *arguments)
{
	const struct binding *binding = PyCapsule_GetPointer(self, NULL);
	_cleanup_(strbuf_deinitp)
	struct strbuf line = {0};
	struct dill_error *error;
	const char *text;
	PyObject *from_tty;

	if (!binding || !PyArg_ParseTuple(arguments, "sO", &text, &from_tty))
		return NULL;
	strbuf_append_format(&line, "%s %s", live_commands[binding->index].table->name, text);
	error = strbuf_error(&line);
	if (!error)
		error = live_commands[binding->index].run(binding->plugin, strbuf_get(&line));
	if (error) {
		py_raise(binding->plugin->gdb_error, error);
		return NULL;
	}
	Py_RETURN_NONE;
}

static PyMethodDef invoke_method = {"invoke", invoke, METH_VARARGS, NULL};

static void binding_free(PyObject *capsule)
{
	free(PyCapsule_GetPointer(capsule, NULL));
}

static PyObject *make_function(struct plugin *plugin, size_t index)
{
	struct binding *binding = malloc(sizeof(*binding));
	_cleanup_(py_decrefp)
	PyObject *capsule = NULL;

	if (!binding)
		return PyErr_NoMemory();
	*binding = (struct binding){plugin, index};
	capsule = PyCapsule_New(binding, NULL, binding_free);
	if (!capsule) {
		free(binding);
		return NULL;
	}
	return PyCFunction_New(&invoke_method, capsule);
}

static bool register_one(struct plugin *plugin, size_t index)
{
	const struct command *table = live_commands[index].table;
	_cleanup_(py_decrefp)
	PyObject *function = make_function(plugin, index);
	_cleanup_(py_decrefp)
	PyObject *class_name = PyObject_GetAttrString(plugin->gdb, "COMMAND_RUNNING");
	_cleanup_(py_decrefp)
	PyObject *dict = NULL;
	_cleanup_(py_decrefp)
	PyObject *arguments = NULL;
	_cleanup_(strbuf_deinitp)
	struct strbuf name = {0}, doc = {0};

	strbuf_append_format(&name, "dill %s", table->name);
	strbuf_append_format(&doc, "%s.\n\n%s", table->summary, table->help);
	if (!function || !class_name)
		return false;
	dict = Py_BuildValue("{sssO}", "__doc__", strbuf_get(&doc), "invoke", function);
	arguments = Py_BuildValue("(sO)", strbuf_get(&name), class_name);
	return dict && arguments && gdb_object_register(plugin, "Command", dict, arguments);
}

bool live_commands_register(struct plugin *plugin)
{
	for (size_t i = 0; i < LIVE_COMMANDS; i++)
		if (!register_one(plugin, i))
			return false;
	return true;
}
