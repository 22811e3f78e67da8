/* SPDX-License-Identifier: MIT */
#include "gdb/armed_trace.h"

#include <inttypes.h>
#include <string.h>

#include "command/fill_event.h"
#include "gdb/breakpoints.h"
#include "gdb/host.h"
#include "gdb/interrupt_watch.h"
#include "gdb/output.h"
#include "gdb/stop_registers.h"

struct armed_trace {
	struct trace_sink sink; /* first */
	struct plugin *plugin;
	struct breakpoints breakpoints;
	struct gdb_peek peek;
	struct tracer *tracer;
	struct trace_filter filter; /* its texts are the two below */
	char *name, *caches;
	bool muted;
	/* Only the event that it asks for is wanted, and stops; else all are shown. */
	bool breaks, met;
	struct break_request request; /* its texts are those of the filter */
	uint64_t break_start_ns;      /* 0 = the target has not run since */
	ARRAY(struct dill_stop) last; /* of each CPU at our breakpoints */
	/* Events on their way to GDB's terminal. */
	struct gdb_output output;
	struct render *render;
	struct arena *arena;
};

/* --- events --- */

static struct dill_error *print_event(struct trace_sink *sink, const struct trace_event *event)
{
	struct armed_trace *armed_trace = (struct armed_trace *)sink;
	struct dill_sink *out = render_sink(armed_trace->render);
	struct dill_record *record;

	if (armed_trace->breaks &&
	    (armed_trace->met || !break_request_matches(&armed_trace->request, event)))
		return NULL;
	armed_trace->met = armed_trace->breaks;
	arena_reset(armed_trace->arena);
	TRY(event_record(event, tracer_name_address, armed_trace->tracer, armed_trace->arena,
			 &record));
	TRY(out->emit(out, record));
	return out->flush(out);
}

/*
 * GDB lets a CPU step past a breakpoint. When the answer is another CPU's breakpoint, met at the
 * same time, it forgets that no step was made: the CPU meets its breakpoint again, with nothing
 * changed. Between two real ones a CPU has at least returned from the first.
 */
static bool is_repeated(const struct dill_stop *last, const struct dill_stop *stop)
{
	return !memcmp(last->registers, stop->registers, sizeof(stop->registers));
}

static struct dill_error *note_stop(struct armed_trace *armed_trace, const struct dill_stop *stop,
				    bool *ret_repeated)
{
	*ret_repeated = false;
	for (size_t i = 0; i < armed_trace->last.count; i++) {
		struct dill_stop *last = &armed_trace->last.items[i];

		if (last->cpu != stop->cpu)
			continue;
		*ret_repeated = is_repeated(last, stop);
		*last = *stop;
		return NULL;
	}
	return array_push(&armed_trace->last, *stop);
}

static struct dill_error *handle(struct armed_trace *armed_trace)
{
	enum trace_then then;
	struct dill_stop stop;
	dill_virt next;
	bool repeated;

	TRY(stop_registers(armed_trace->plugin->gdb, &stop));
	if (!tracer_is_mine(armed_trace->tracer, stop.registers[DILL_RIP]))
		return NULL;
	TRY(note_stop(armed_trace, &stop, &repeated));
	if (repeated)
		return NULL;
	/* How the CPU goes on is GDB's business. */
	return tracer_hit(armed_trace->tracer, &stop, &then, &next);
}

/* Whether the time that the user has given to wait for an event is over. */
static bool is_late(struct armed_trace *armed_trace)
{
	uint64_t now = tracer_elapsed(armed_trace->tracer);

	if (!armed_trace->breaks || !armed_trace->request.time_max_ns)
		return false;
	if (!armed_trace->break_start_ns)
		armed_trace->break_start_ns = now;
	return now - armed_trace->break_start_ns >= armed_trace->request.time_max_ns;
}

static void say_late(struct armed_trace *armed_trace)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf text = {0};

	strbuf_append(&text, "there was no ");
	break_request_describe(&armed_trace->request, &text);
	strbuf_append(&text, ": the time was over");
	plugin_log(armed_trace->plugin, strbuf_get(&text));
}

/* Whether to give the user the prompt after a breakpoint that went well. */
static bool is_reached(struct armed_trace *armed_trace)
{
	if (!armed_trace->met && !is_late(armed_trace))
		return false;
	if (!armed_trace->met)
		say_late(armed_trace);
	armed_trace->met = false;
	armed_trace->break_start_ns = 0;
	return true;
}

/* GDB asks whether it shall stop at one of our breakpoints. */
static PyObject *stop(PyObject *self, PyObject *nothing)
{
	struct plugin *plugin = PyCapsule_GetPointer(self, NULL);
	struct dill_error *error;

	(void)nothing;
	if (!plugin || !plugin->armed_trace)
		Py_RETURN_FALSE;
	if (interrupt_watch_at_breakpoint()) {
		plugin_log(plugin, "interrupted");
		Py_RETURN_TRUE;
	}
	error = handle(plugin->armed_trace);
	if (!error)
		return PyBool_FromLong(is_reached(plugin->armed_trace));
	if (PyErr_Occurred()) /* the user's interruption, or the pager's "quit" */
		PyErr_Clear();
	else
		plugin_log(plugin, dill_error_text(error));
	dill_error_free(error);
	Py_RETURN_TRUE;
}

static PyMethodDef stop_method = {"stop", stop, METH_NOARGS, NULL};

/* --- life --- */

static struct dill_error *make_breakpoints(struct armed_trace *armed_trace)
{
	_cleanup_(py_decrefp)
	PyObject *capsule = PyCapsule_New(armed_trace->plugin, NULL, NULL);
	_cleanup_(py_decrefp)
	PyObject *function = capsule ? PyCFunction_New(&stop_method, capsule) : NULL;

	return function ? breakpoints_init(&armed_trace->breakpoints, armed_trace->plugin, function)
			: py_error();
}

static struct dill_error *make_tracer(struct armed_trace *armed_trace, struct session *session)
{
	struct tracer_options options = {
		.sink = &armed_trace->sink,
		.peek = &armed_trace->peek.peek,
		.breakpoints =
			{
				.fixed = true,
				.insert = breakpoints_insert,
				.remove = breakpoints_remove,
				.context = &armed_trace->breakpoints,
			},
	};
	struct heap *heap;

	TRY(session_heap(session, &heap));
	return tracer_new(heap, &options, &armed_trace->tracer);
}

static struct dill_error *find_everything(struct armed_trace *armed_trace, struct session *session)
{
	struct dill_error *error, *end_error;

	TRY(session_begin(session));
	error = make_tracer(armed_trace, session);
	end_error = session_end(session);
	if (!error)
		return end_error;
	dill_error_free(end_error);
	return error;
}

static struct dill_error *prepare(struct armed_trace *armed_trace, struct session *session)
{
	struct output output = gdb_output_open(&armed_trace->output, armed_trace->plugin);

	TRY(arena_new(&armed_trace->arena));
	TRY(render_new(&output, RENDER_TEXT, &armed_trace->render));
	gdb_peek_init(&armed_trace->peek, armed_trace->plugin->gdb);
	TRY(make_breakpoints(armed_trace));
	TRY(find_everything(armed_trace, session));
	return tracer_arm(armed_trace->tracer);
}

struct dill_error *armed_trace_new(struct plugin *plugin, struct session *session,
				   struct armed_trace **ret)
{
	struct armed_trace *armed_trace = calloc(1, sizeof(*armed_trace));
	struct dill_error *error;

	if (!armed_trace)
		return error_no_memory();
	armed_trace->sink.event = print_event;
	armed_trace->plugin = plugin;
	error = prepare(armed_trace, session);
	if (error) {
		armed_trace_free(armed_trace);
		return error;
	}
	interrupt_watch_begin();
	*ret = armed_trace;
	return NULL;
}

void armed_trace_free(struct armed_trace *armed_trace)
{
	if (!armed_trace)
		return;
	interrupt_watch_end();
	tracer_free(armed_trace->tracer);
	breakpoints_deinit(&armed_trace->breakpoints);
	render_free(armed_trace->render);
	gdb_output_deinit(&armed_trace->output);
	arena_free(armed_trace->arena);
	array_free(&armed_trace->last);
	free(armed_trace->name);
	free(armed_trace->caches);
	free(armed_trace);
}

/* --- what the user wants --- */

static struct dill_error *copy(const char *text, char **ret)
{
	*ret = text ? strdup(text) : NULL;
	return text && !*ret ? error_no_memory() : NULL;
}

struct dill_error *armed_trace_follow(struct armed_trace *armed_trace,
				      const struct trace_filter *filter)
{
	_cleanup_(freep)
	char *name = NULL;
	_cleanup_(freep)
	char *caches = NULL;

	TRY(copy(filter->name, &name));
	TRY(copy(filter->caches, &caches));
	free(armed_trace->name);
	free(armed_trace->caches);
	armed_trace->name = steal(name);
	armed_trace->caches = steal(caches);
	armed_trace->filter = *filter;
	armed_trace->filter.name = armed_trace->name;
	armed_trace->filter.caches = armed_trace->caches;
	armed_trace->breaks = false;
	tracer_set_filter(armed_trace->tracer, &armed_trace->filter);
	return NULL;
}

struct dill_error *armed_trace_break(struct armed_trace *armed_trace,
				     const struct break_request *request)
{
	TRY(armed_trace_follow(armed_trace, &request->filter));
	armed_trace->request = *request;
	armed_trace->request.filter = armed_trace->filter;
	armed_trace->breaks = true;
	armed_trace->met = false;
	armed_trace->break_start_ns = 0;
	armed_trace_mute(armed_trace, false);
	return NULL;
}

void armed_trace_mute(struct armed_trace *armed_trace, bool muted)
{
	armed_trace->muted = muted;
	tracer_mute(armed_trace->tracer, muted);
}

static void describe_break(const struct armed_trace *armed_trace, struct strbuf *ret)
{
	if (!armed_trace->breaks)
		return;
	strbuf_append(ret, "stopping at: ");
	break_request_describe(&armed_trace->request, ret);
	strbuf_append_char(ret, '\n');
}

static void describe_filter(const struct trace_filter *filter, struct strbuf *ret)
{
	strbuf_append(ret, "following: ");
	if (filter->name)
		strbuf_append_format(ret, "tasks named %s", filter->name);
	else if (filter->has_pid)
		strbuf_append_format(ret, "task %" PRIu32, filter->pid);
	else
		strbuf_append(ret, "all tasks");
	if (filter->caches)
		strbuf_append_format(ret, ", caches %s", filter->caches);
	if (filter->has_cpu)
		strbuf_append_format(ret, ", CPU %u", filter->cpu);
	if (filter->size_max)
		strbuf_append_format(ret, ", %" PRIu64 " to %" PRIu64 " bytes", filter->size_min,
				     filter->size_max);
	strbuf_append_char(ret, '\n');
}

struct dill_error *armed_trace_describe(struct armed_trace *armed_trace, struct strbuf *ret)
{
	struct tracer_counts counts = tracer_counts(armed_trace->tracer);

	strbuf_append_format(ret, "armed: %zu probes, events are %s\n",
			     tracer_probes(armed_trace->tracer),
			     armed_trace->muted ? "muted" : "shown");
	describe_break(armed_trace, ret);
	describe_filter(&armed_trace->filter, ret);
	strbuf_append_format(ret,
			     "seen: %" PRIu64 " events at %" PRIu64 " stops, %" PRIu64
			     " calls of others left out, %" PRIu64 " lost\n",
			     counts.events, counts.hits, counts.dismissed, counts.lost);
	if (tracer_untraced(armed_trace->tracer))
		strbuf_append_format(ret, "not traced: %s: these calls are missing\n",
				     tracer_untraced(armed_trace->tracer));
	return strbuf_error(ret);
}
