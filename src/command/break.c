/* SPDX-License-Identifier: MIT */
#include "answer/event_record.h"
#include "command/break_request.h"
#include "command/fill_event.h"
#include "command/registry.h"
#include "command/trace_hint.h"
#include "trace/run.h"

/* One wait for an event. */
struct wait {
	struct trace_sink sink; /* first */
	struct command_call *call;
	struct break_request request;
	struct tracer *tracer;
	bool met;
};

static struct dill_error *take_event(struct trace_sink *sink, const struct trace_event *event)
{
	struct wait *wait = (struct wait *)sink;
	struct dill_record *record;

	/* A bulk call may have several: the first is the one. */
	if (wait->met || !break_request_matches(&wait->request, event))
		return NULL;
	wait->met = true;
	TRY(event_record(event, tracer_name_address, wait->tracer, wait->call->arena, &record));
	return wait->call->sink->emit(wait->call->sink, record);
}

static bool enough(void *context)
{
	return ((const struct wait *)context)->met;
}

static struct dill_error *armed(void *context, struct tracer *tracer)
{
	((struct wait *)context)->tracer = tracer;
	return NULL;
}

/* It ended without the event. */
static struct dill_error *say_why(const struct wait *wait, enum trace_end_kind end)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf what = {0};

	if (end == TRACE_END_INTERRUPTED)
		return error_interrupted();
	break_request_describe(&wait->request, &what);
	TRY(strbuf_error(&what));
	return dill_error_new(DILL_ERROR_NOT_FOUND, "there was no %s: %s", strbuf_get(&what),
			      trace_end_text(end));
}

static struct dill_error *run(struct command_call *call)
{
	struct wait wait = {.sink = {.event = take_event}, .call = call};
	struct target *target = session_target(call->session);
	struct trace_run_options options = {
		.sink = &wait.sink, .enough = enough, .armed = armed, .context = &wait};
	struct trace_run_result result;
	struct dill_runner runner;
	struct heap *heap;

	TRY(session_heap(call->session, &heap));
	TRY(break_request_parse(call, call->session, &wait.request));
	TRY(trace_hint(call->session, &wait.request.filter));
	options.filter = wait.request.filter;
	options.kinds = wait.request.kinds;
	options.time_max_ns = wait.request.time_max_ns;
	TRY(target_runner(target, &runner));
	TRY(trace_run(heap, runner, &options, &result));
	if (!wait.met)
		return say_why(&wait, result.end);
	runner.ops->hold(runner.context);
	target_log(target, "the guest is stopped there; \"rescue\" lets it run, as a debugger's "
			   "\"continue\" does");
	return NULL;
}

static const struct dill_record_kind *const kinds[] = {&event_kind, NULL};

const struct command break_command = {
	.name = "break",
	.summary = "Stop the guest at an allocation or a free",
	.help = "Let the guest run until somebody allocates an object from the cache NAME (a "
		"glob), "
		"or frees one to it;\n"
		"or until the object at ADDRESS is given out, or freed. The event is shown, and "
		"the guest stays\n"
		"stopped there: an allocation has returned, a free has just been called. A "
		"kfree_rcu() counts as free.\n"
		"Ctrl-C gives up, and leaves the guest as it was.\n"
		"\n"
		"In GDB the breakpoint is armed, and \"continue\" stops there; \"dill stop\" "
		"disarms it.\n"
		"\n"
		"Examples:\n"
		"  break kmalloc-64 alloc\n"
		"  break filp free --task worker -t 30\n"
		"  break 0xffff888003c41a40 free\n",
	.arguments = {{"NAME|ADDRESS", ARGUMENT_CACHE}, {"alloc|free", ARGUMENT_EVENT}},
	.options =
		{
			[BREAK_OPTION_TASK] = {"task", 'T', ARGUMENT_TASK, "NAME",
					       "by tasks of this name, a glob, or number"},
			[BREAK_OPTION_PID] = {"pid", 'p', ARGUMENT_NUMBER, "PID",
					      "by this thread, or this process with all its "
					      "threads"},
			[BREAK_OPTION_CPU] = {"cpu", 'c', ARGUMENT_CPU, "CPU", "on this CPU only"},
			[BREAK_OPTION_SIZE] = {"size", 0, ARGUMENT_TEXT, "MIN-MAX",
					       "allocations of so many bytes only"},
			[BREAK_OPTION_TIME] = {"time", 't', ARGUMENT_NUMBER, "SECONDS",
					       "give up after so many seconds"},
		},
	.needs_target = true,
	.streams = true,
	.kinds = kinds,
	.run = run,
};
