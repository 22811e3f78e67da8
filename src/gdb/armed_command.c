/* SPDX-License-Identifier: MIT */
#include "gdb/armed_command.h"

#include "command/arguments.h"
#include "command/registry.h"
#include "command/trace_filter.h"
#include "command/trace_hint.h"
#include "command/words.h"
#include "gdb/armed_trace.h"
#include "gdb/interrupt_watch.h"
#include "gdb/own_command.h"
#include "gdb/plugin_session.h"

/*
 * dill run, NAME, on, off, stop, status: the tracer that works while the user says "continue". They
 * are GDB's alone; what they take is described by tables as other commands' is.
 */

/* What "dill NAME" and "dill run" take behind their names. */
static const struct command follow_table = {
	.name = "NAME",
	.summary = "Follow the tasks of this name from now on",
	.help = "NAME is a task's name, a glob, or a number as for --pid.\n",
	.arguments = {{"NAME", ARGUMENT_TASK, .optional = true}},
	.options = {TRACE_FILTER_TABLE},
};

static const struct command run_table = {
	.name = "run",
	.summary = "Arm the tracer: events are shown while the target runs",
	.help = "NAME is a task's name, a glob, or a number as for --pid.\n",
	.arguments = {{"NAME", ARGUMENT_TASK, .optional = true}},
	.options = {TRACE_FILTER_TABLE},
};

static struct dill_error *not_armed(void)
{
	return dill_error_new(DILL_ERROR_NOT_FOUND, "nothing is armed: \"dill run\" first");
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

/* What the user may have misspelt; while the target runs, nothing can be looked up. */
static struct dill_error *hint(struct plugin *plugin, const struct trace_filter *filter)
{
	struct dill_error *error, *end_error;
	struct session *session;

	if (is_running(plugin))
		return NULL;
	TRY(plugin_begin(plugin, &session));
	error = trace_hint(session, filter);
	end_error = plugin_end(plugin);
	if (!error)
		return end_error;
	dill_error_free(end_error);
	return error;
}

static struct dill_error *follow(struct plugin *plugin, const struct command *table,
				 const char *text)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf line = {0};
	_cleanup_(words_deinitp)
	struct words words = {0};
	_cleanup_(arena_freep)
	struct arena *arena = NULL;
	struct command_call call = {.command = table};
	struct common_given common;
	struct trace_filter filter;

	strbuf_append_format(&line, "%s %s", table->name, text);
	TRY(strbuf_error(&line));
	TRY(words_split(strbuf_get(&line), &words));
	TRY(arena_new(&arena));
	call.arena = arena;
	TRY(arguments_parse(table, (int)words.list.count, (const char *const *)words.list.items,
			    &call, &common));
	TRY(trace_filter_parse(&call, &filter));
	TRY(hint(plugin, &filter));
	return armed_trace_follow(plugin->armed_trace, &filter);
}

struct dill_error *armed_trace_follow_line(struct plugin *plugin, const char *line)
{
	return plugin->armed_trace ? follow(plugin, &follow_table, line) : not_armed();
}

static struct dill_error *check_stopped(struct plugin *plugin)
{
	if (!is_running(plugin))
		return NULL;
	if (!plugin->armed_trace)
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
	return armed_trace_new(plugin, session, &plugin->armed_trace);
}

static struct dill_error *write_status(struct plugin *plugin)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf text = {0};
	_cleanup_(py_decrefp)
	PyObject *done = NULL;

	if (plugin->armed_trace)
		TRY(armed_trace_describe(plugin->armed_trace, &text));
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
	_cleanup_(arena_freep)
	struct arena *arena = NULL;
	struct command_call call = {0};
	struct dill_error *error, *end_error;
	struct session *session;

	TRY(arena_new(&arena));
	call.arena = arena;
	TRY(arguments_parse(&break_command, (int)words->list.count,
			    (const char *const *)words->list.items, &call, &common));
	TRY(plugin_begin(plugin, &session));
	error = break_request_parse(&call, session, ret);
	if (!error)
		error = trace_hint(session, &ret->filter);
	end_error = plugin_end(plugin);
	if (!error)
		return end_error;
	dill_error_free(end_error);
	return error;
}

struct dill_error *armed_trace_break_words(struct plugin *plugin, const struct words *words)
{
	struct break_request request;
	struct dill_error *error;
	bool fresh = !plugin->armed_trace;

	TRY(check_stopped(plugin));
	TRY(read_request(plugin, words, &request));
	if (fresh)
		TRY(arm(plugin));
	error = armed_trace_break(plugin->armed_trace, &request);
	if (error && fresh)
		armed_trace_free(steal(plugin->armed_trace));
	return error ? error : write_status(plugin);
}

static struct dill_error *run_run(struct plugin *plugin, const char *text)
{
	bool fresh = !plugin->armed_trace;
	struct dill_error *error = NULL;

	TRY(check_stopped(plugin));
	if (fresh)
		TRY(arm(plugin));
	error = follow(plugin, &run_table, text);
	if (error && fresh)
		armed_trace_free(steal(plugin->armed_trace));
	return error ? error : write_status(plugin);
}

static struct dill_error *run_on(struct plugin *plugin, const char *text)
{
	(void)text;
	if (!plugin->armed_trace)
		return not_armed();
	armed_trace_mute(plugin->armed_trace, false);
	return NULL;
}

static struct dill_error *run_off(struct plugin *plugin, const char *text)
{
	(void)text;
	if (!plugin->armed_trace)
		return not_armed();
	armed_trace_mute(plugin->armed_trace, true);
	return NULL;
}

static struct dill_error *run_stop(struct plugin *plugin, const char *text)
{
	(void)text;
	TRY(check_stopped(plugin));
	TRY(write_status(plugin));
	armed_trace_free(steal(plugin->armed_trace));
	return NULL;
}

static struct dill_error *run_status(struct plugin *plugin, const char *text)
{
	(void)text;
	return write_status(plugin);
}

#define RUNNING "COMMAND_RUNNING", "COMPLETE_NONE"

static const struct own_command armed_commands[] = {
	{"dill run",
	 "Arm the tracer: events are shown while the target runs.\n\n"
	 "Then \"dill NAME\" chooses what to follow, \"continue\" lets the target run, and each\n"
	 "allocation and free prints as it happens. \"dill off\" and \"dill on\" mute and unmute,\n"
	 "\"dill status\" tells what was seen, \"dill stop\" disarms. Works on every target that\n"
	 "GDB can reach; \"dill trace\" is several times faster where it can be used.\n"
	 "\n"
	 "NAME is a task's name, a glob, or a number as for --pid. Without it all are "
	 "followed.\n",
	 RUNNING, run_run},
	{"dill on", "Show events again.\n\nAfter \"dill off\".\n", RUNNING, run_on},
	{"dill off",
	 "Show no events, but go on following.\n\n"
	 "The target is not faster for it: see \"dill stop\".\n",
	 RUNNING, run_off},
	{"dill stop", "Disarm the tracer; no breakpoint stays.\n\nPrints what was seen.\n", RUNNING,
	 run_stop},
	{"dill status", "What is armed, and what was seen.\n\nEvents, stops, and losses.\n",
	 RUNNING, run_status},
};

bool armed_commands_register(struct plugin *plugin)
{
	return own_commands_register(plugin, armed_commands,
				     sizeof(armed_commands) / sizeof(*armed_commands));
}
