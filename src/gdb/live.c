/* SPDX-License-Identifier: MIT */
#include "gdb/live.h"

#include <inttypes.h>
#include <string.h>

#include "command/fill_event.h"
#include "gdb/breakpoints.h"
#include "gdb/host.h"
#include "gdb/interrupt_watch.h"
#include "gdb/output.h"
#include "gdb/stop_registers.h"

struct live {
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
	struct live *live = (struct live *)sink;
	struct dill_sink *out = render_sink(live->render);
	struct dill_record *record;

	if (live->breaks && (live->met || !break_request_matches(&live->request, event)))
		return NULL;
	live->met = live->breaks;
	arena_reset(live->arena);
	TRY(event_record(event, tracer_name_address, live->tracer, live->arena, &record));
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

static struct dill_error *note_stop(struct live *live, const struct dill_stop *stop,
				    bool *ret_repeated)
{
	*ret_repeated = false;
	for (size_t i = 0; i < live->last.count; i++) {
		struct dill_stop *last = &live->last.items[i];

		if (last->cpu != stop->cpu)
			continue;
		*ret_repeated = is_repeated(last, stop);
		*last = *stop;
		return NULL;
	}
	return array_push(&live->last, *stop);
}

static struct dill_error *handle(struct live *live)
{
	enum trace_then then;
	struct dill_stop stop;
	dill_virt next;
	bool repeated;

	TRY(stop_registers(live->plugin->gdb, &stop));
	if (!tracer_is_mine(live->tracer, stop.registers[DILL_RIP]))
		return NULL;
	TRY(note_stop(live, &stop, &repeated));
	if (repeated)
		return NULL;
	/* How the CPU goes on is GDB's business. */
	return tracer_hit(live->tracer, &stop, &then, &next);
}

/* Whether the time that the user has given to wait for an event is over. */
static bool is_late(struct live *live)
{
	uint64_t now = tracer_elapsed(live->tracer);

	if (!live->breaks || !live->request.time_max_ns)
		return false;
	if (!live->break_start_ns)
		live->break_start_ns = now;
	return now - live->break_start_ns >= live->request.time_max_ns;
}

static void say_late(struct live *live)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf text = {0};

	strbuf_append(&text, "there was no ");
	break_request_describe(&live->request, &text);
	strbuf_append(&text, ": the time was over");
	plugin_log(live->plugin, strbuf_get(&text));
}

/* Whether to give the user the prompt after a breakpoint that went well. */
static bool is_reached(struct live *live)
{
	if (!live->met && !is_late(live))
		return false;
	if (!live->met)
		say_late(live);
	live->met = false;
	live->break_start_ns = 0;
	return true;
}

/* GDB asks whether it shall stop at one of our breakpoints. */
static PyObject *stop(PyObject *self, PyObject *nothing)
{
	struct plugin *plugin = PyCapsule_GetPointer(self, NULL);
	struct dill_error *error;

	(void)nothing;
	if (!plugin || !plugin->live)
		Py_RETURN_FALSE;
	if (interrupt_watch_at_breakpoint()) {
		plugin_log(plugin, "interrupted");
		Py_RETURN_TRUE;
	}
	error = handle(plugin->live);
	if (!error)
		return PyBool_FromLong(is_reached(plugin->live));
	if (PyErr_Occurred()) /* the user's interruption, or the pager's "quit" */
		PyErr_Clear();
	else
		plugin_log(plugin, dill_error_text(error));
	dill_error_free(error);
	Py_RETURN_TRUE;
}

static PyMethodDef stop_method = {"stop", stop, METH_NOARGS, NULL};

/* --- life --- */

static struct dill_error *make_breakpoints(struct live *live)
{
	_cleanup_(py_decrefp)
	PyObject *capsule = PyCapsule_New(live->plugin, NULL, NULL);
	_cleanup_(py_decrefp)
	PyObject *function = capsule ? PyCFunction_New(&stop_method, capsule) : NULL;

	return function ? breakpoints_init(&live->breakpoints, live->plugin, function) : py_error();
}

static struct dill_error *make_tracer(struct live *live, struct session *session)
{
	struct tracer_options options = {
		.sink = &live->sink,
		.peek = &live->peek.peek,
		.breakpoints =
			{
				.fixed = true,
				.insert = breakpoints_insert,
				.remove = breakpoints_remove,
				.context = &live->breakpoints,
			},
	};
	struct heap *heap;

	TRY(session_heap(session, &heap));
	return tracer_new(heap, &options, &live->tracer);
}

static struct dill_error *find_everything(struct live *live, struct session *session)
{
	struct dill_error *error, *end_error;

	TRY(session_begin(session));
	error = make_tracer(live, session);
	end_error = session_end(session);
	if (!error)
		return end_error;
	dill_error_free(end_error);
	return error;
}

static struct dill_error *prepare(struct live *live, struct session *session)
{
	struct output output = gdb_output_open(&live->output, live->plugin);

	TRY(arena_new(&live->arena));
	TRY(render_new(&output, RENDER_TEXT, &live->render));
	gdb_peek_init(&live->peek, live->plugin->gdb);
	TRY(make_breakpoints(live));
	TRY(find_everything(live, session));
	return tracer_arm(live->tracer);
}

struct dill_error *live_new(struct plugin *plugin, struct session *session, struct live **ret)
{
	struct live *live = calloc(1, sizeof(*live));
	struct dill_error *error;

	if (!live)
		return error_no_memory();
	live->sink.event = print_event;
	live->plugin = plugin;
	error = prepare(live, session);
	if (error) {
		live_free(live);
		return error;
	}
	interrupt_watch_begin();
	*ret = live;
	return NULL;
}

void live_free(struct live *live)
{
	if (!live)
		return;
	interrupt_watch_end();
	tracer_free(live->tracer);
	breakpoints_deinit(&live->breakpoints);
	render_free(live->render);
	gdb_output_deinit(&live->output);
	arena_free(live->arena);
	array_free(&live->last);
	free(live->name);
	free(live->caches);
	free(live);
}

/* --- what the user wants --- */

static struct dill_error *copy(const char *text, char **ret)
{
	*ret = text ? strdup(text) : NULL;
	return text && !*ret ? error_no_memory() : NULL;
}

struct dill_error *live_follow(struct live *live, const struct trace_filter *filter)
{
	_cleanup_(freep)
	char *name = NULL;
	_cleanup_(freep)
	char *caches = NULL;

	TRY(copy(filter->name, &name));
	TRY(copy(filter->caches, &caches));
	free(live->name);
	free(live->caches);
	live->name = steal(name);
	live->caches = steal(caches);
	live->filter = *filter;
	live->filter.name = live->name;
	live->filter.caches = live->caches;
	live->breaks = false;
	tracer_set_filter(live->tracer, &live->filter);
	return NULL;
}

struct dill_error *live_break(struct live *live, const struct break_request *request)
{
	TRY(live_follow(live, &request->filter));
	live->request = *request;
	live->request.filter = live->filter;
	live->breaks = true;
	live->met = false;
	live->break_start_ns = 0;
	live_mute(live, false);
	return NULL;
}

void live_mute(struct live *live, bool muted)
{
	live->muted = muted;
	tracer_mute(live->tracer, muted);
}

static void describe_break(const struct live *live, struct strbuf *ret)
{
	if (!live->breaks)
		return;
	strbuf_append(ret, "stopping at: ");
	break_request_describe(&live->request, ret);
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

struct dill_error *live_describe(struct live *live, struct strbuf *ret)
{
	struct tracer_counts counts = tracer_counts(live->tracer);

	strbuf_append_format(ret, "armed: %zu probes, events are %s\n", tracer_probes(live->tracer),
			     live->muted ? "muted" : "shown");
	describe_break(live, ret);
	describe_filter(&live->filter, ret);
	strbuf_append_format(ret,
			     "seen: %" PRIu64 " events at %" PRIu64 " stops, %" PRIu64
			     " calls of others left out, %" PRIu64 " lost\n",
			     counts.events, counts.hits, counts.dismissed, counts.lost);
	if (tracer_untraced(live->tracer))
		strbuf_append_format(ret, "not traced: %s: these calls are missing\n",
				     tracer_untraced(live->tracer));
	return strbuf_error(ret);
}
