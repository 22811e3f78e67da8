/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "answer/trace_record.h"
#include "command/fill_event.h"
#include "command/fill_report.h"
#include "command/registry.h"
#include "command/trace_filter.h"
#include "command/trace_hint.h"
#include "trace/run.h"

#define NANOSECONDS	UINT64_C(1000000000)
#define REMARK_EVERY_NS (2 * NANOSECONDS)

enum {
	OPTION_EVENTS = TRACE_FILTER_OPTIONS,
	OPTION_TIME,
	OPTION_STACK,
	OPTION_FILE,
	OPTION_SUMMARY,
};

/* One live trace: events go to the output and to the store. */
struct live {
	struct trace_sink sink; /* first */
	struct command_call *call;
	struct kernel *kernel;
	struct trace_run_options options;
	const char *path; /* NULL = a private place */
	bool prints;	  /* each event, as it happens */
	struct tracer *tracer;
	struct trace_store *store;
	struct arena *arena; /* of the event that is printed */
	uint64_t remark_ns;
};

/* --- what is asked for --- */

static struct dill_error *parse(const struct command_call *call, struct live *live)
{
	TRY(trace_filter_parse(call, &live->options.filter));
	live->options.stacks = call->options[OPTION_STACK].given;
	live->options.events_max = call->options[OPTION_EVENTS].number;
	live->options.time_max_ns = call->options[OPTION_TIME].number * NANOSECONDS;
	live->path = call->options[OPTION_FILE].text;
	live->prints = !live->path && !call->options[OPTION_SUMMARY].given;
	return NULL;
}

/* --- while it runs --- */

static struct dill_error *print(struct live *live, const struct trace_event *event)
{
	struct dill_record *record;

	arena_reset(live->arena);
	TRY(event_record(event, tracer_name_address, live->tracer, live->arena, &record));
	return live->call->sink->emit(live->call->sink, record);
}

static struct dill_error *take_event(struct trace_sink *sink, const struct trace_event *event)
{
	struct live *live = (struct live *)sink;
	struct trace_sink *store = trace_store_sink(live->store);

	if (live->prints)
		TRY(print(live, event));
	return store->event(store, event);
}

static const char *options_text(const struct live *live, struct strbuf *text)
{
	const struct command_call *call = live->call;

	strbuf_append(text, "trace");
	if (call->arguments[0])
		strbuf_append_format(text, " %s", call->arguments[0]);
	for (size_t i = 0; call->command->options[i].name; i++) {
		if (!call->options[i].given)
			continue;
		strbuf_append_format(text, " --%s", call->command->options[i].name);
		if (call->options[i].text)
			strbuf_append_format(text, " %s", call->options[i].text);
	}
	return strbuf_get(text);
}

static struct dill_error *armed(void *context, struct tracer *tracer)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf text = {0};
	struct live *live = context;
	struct trace_about about = {
		.banner = kernel_facts(live->kernel)->banner,
		.options = options_text(live, &text),
		.engine = "rsp",
		.backtraces = tracer_backtraces(tracer),
		.untraced = tracer_untraced(tracer),
		.start_time = (uint64_t)time(NULL),
	};

	live->tracer = tracer;
	TRY(strbuf_error(&text));
	TRY(trace_store_create(live->path, &about, &live->store));
	trace_store_name_addresses(live->store, tracer_name_address, tracer);
	return NULL;
}

static struct dill_error *progress(void *context, const struct tracer *tracer)
{
	struct live *live = context;
	uint64_t now = tracer_elapsed(tracer), events = tracer_counts(tracer).events;

	if (live->path && now - live->remark_ns >= REMARK_EVERY_NS) {
		live->remark_ns = now;
		target_log(kernel_target(live->kernel),
			   "%" PRIu64 " events in %.0f s, %.0f per second", events,
			   (double)now / (double)NANOSECONDS,
			   (double)events * (double)NANOSECONDS / (double)now);
	}
	return live->prints && live->call->sink->flush ? live->call->sink->flush(live->call->sink)
						       : NULL;
}

/* --- afterwards --- */

/* The store is finished in any case: what was seen is worth having. */
static struct dill_error *finish(struct live *live, const struct trace_run_result *result,
				 const struct dill_error *failure)
{
	struct trace_end end = {
		.reason = failure ? dill_error_text(failure) : trace_end_text(result->end),
		.lost = result->counts.lost,
		.lost_why = result->counts.lost ? "allocations whose return was not seen" : NULL,
		.duration_ns = result->duration_ns,
		.dismissed = result->counts.dismissed,
	};

	/* The tracer, which gave names, has gone. */
	trace_store_name_addresses(live->store, NULL, NULL);
	return trace_store_finish(live->store, &end);
}

static struct dill_error *report(struct live *live)
{
	struct report_choice choice = {.rows = REPORT_ROWS};
	_cleanup_(trace_totals_freep)
	struct trace_totals *totals = NULL;

	TRY(trace_totals_new(live->store, &totals));
	return report_emit(live->call, totals, &choice);
}

static struct dill_error *trace(struct live *live, struct heap *heap)
{
	struct dill_runner runner;
	struct trace_run_result result;
	struct dill_error *error, *failure;

	TRY(target_runner(kernel_target(live->kernel), &runner));
	error = trace_run(heap, runner, &live->options, &result);
	if (!live->store) /* it never began */
		return error;
	failure = finish(live, &result, error);
	if (!failure && live->path)
		session_set_trace(live->call->session, live->path);
	if (!failure)
		failure = report(live);
	if (error)
		dill_error_free(failure);
	return error ? error : failure;
}

static struct dill_error *run(struct command_call *call)
{
	struct live live = {.sink = {.event = take_event}, .call = call};
	struct heap *heap;
	struct dill_error *error;

	TRY(parse(call, &live));
	TRY(session_kernel(call->session, &live.kernel));
	TRY(session_heap(call->session, &heap));
	TRY(trace_hint(call->session, &live.options.filter));
	live.options.sink = &live.sink;
	live.options.armed = armed;
	live.options.progress = progress;
	live.options.context = &live;
	TRY(arena_new(&live.arena));
	error = trace(&live, heap);
	trace_store_free(live.store);
	arena_free(live.arena);
	return error;
}

static const struct dill_record_kind *const kinds[] = {
	&event_kind,
	&trace_record_kind,
	&trace_list_kind,
	&trace_cache_kind,
	&trace_caller_kind,
	&trace_process_kind,
	&trace_alive_kind,
	&trace_stack_kind,
	&trace_object_kind,
	&trace_double_kind,
	&trace_unknown_kind,
	&trace_slab_kind,
	NULL,
};

const struct command trace_command = {
	.name = "trace",
	.summary = "Follow who allocates and frees, live",
	.help = "Let the guest run and show each allocation and free as it happens, until Ctrl-C "
		"or "
		"a limit; then sum up.\n"
		"Without NAME all tasks are followed. A free by another task is shown, too, when "
		"the "
		"object was\n"
		"allocated by one that is followed.\n"
		"\n"
		"A traced guest runs slowly: every call of the allocator stops it for a moment.\n"
		"\n"
		"Examples:\n"
		"  trace sshd\n"
		"  trace --cache 'kmalloc-*' --size 100-200 -n 1000\n"
		"  trace worker -t 10 -o trace.db\n",
	.arguments = {{"NAME", ARGUMENT_TASK, .optional = true}},
	.options =
		{
			TRACE_FILTER_TABLE,
			[OPTION_EVENTS] = {"events", 'n', ARGUMENT_NUMBER, "EVENTS",
					   "stop after so many events; 0: no limit"},
			[OPTION_TIME] = {"time", 't', ARGUMENT_NUMBER, "SECONDS",
					 "stop after so many seconds; 0: no limit"},
			[OPTION_STACK] = {"stack", 'S', ARGUMENT_NONE, NULL,
					  "show with each event who had called the caller"},
			[OPTION_FILE] = {"output", 'o', ARGUMENT_FILE, "FILE",
					 "write the events to FILE, for report and history, and do "
					 "not print them"},
			[OPTION_SUMMARY] = {"summary", 's', ARGUMENT_NONE, NULL,
					    "print no events, only what they amount to"},
		},
	.needs_target = true,
	.streams = true,
	.kinds = kinds,
	.run = run,
};
