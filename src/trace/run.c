/* SPDX-License-Identifier: MIT */
#include "trace/run.h"

#include <inttypes.h>

#include "trace/reboot.h"

/* How long one wait lasts: limits, progress and the user are looked at in between. */
#define WAIT_MS 100
/* Without any stop for so long, the kernel is asked whether it is still the same: sooner than one
 * that boots can have come to its first allocation. */
#define IDLE_CHECK_MS 400u
/* The same after so many stops. */
#define CLOCK_STOPS 64u
/* Other CPUs have so many breakpoints to tell of before a step is made. */
#define STEP_TRIES  64u
#define PROGRESS_NS UINT64_C(200000000)

struct run {
	struct heap *heap;
	struct dill_runner runner;
	const struct trace_run_options *options;
	struct peek *peek;
	struct tracer *tracer;
	bool running, gone;
	dill_virt out; /* a breakpoint of the tracer's that a step was made without; 0 = none */
	unsigned idle_ms, check_ms; /* since the last stop; when to look again */
	struct boot_clock clock;
	unsigned clock_stops; /* until it is looked at */
	uint64_t progress_ns;
};

const char *trace_end_text(enum trace_end_kind kind)
{
	switch (kind) {
	case TRACE_END_EVENTS:
		return "the limit of events was reached";
	case TRACE_END_TIME:
		return "the time was over";
	case TRACE_END_INTERRUPTED:
		return "it was interrupted";
	case TRACE_END_PAUSED:
		return "somebody else stopped the guest";
	case TRACE_END_GONE:
		return "the guest has ended";
	case TRACE_END_REBOOTED:
		return "the guest has rebooted";
	}
	return "?";
}

/* --- going on --- */

static struct dill_error *resume(struct run *run)
{
	TRY(run->runner.ops->resume(run->runner.context));
	run->running = true;
	return NULL;
}

static struct dill_error *step(struct run *run, unsigned cpu, struct dill_stop *ret)
{
	TRY(run->runner.ops->step(run->runner.context, cpu));
	run->running = true;
	do {
		TRY(run->runner.ops->wait(run->runner.context, WAIT_MS, ret));
	} while (ret->kind == DILL_STILL_RUNNING);
	run->running = false;
	run->gone |= ret->kind == DILL_STOP_GONE;
	return NULL;
}

/* The breakpoint that a step was made without. */
static struct dill_error *put_back(struct run *run)
{
	dill_virt address = run->out;

	run->out = 0;
	return address ? run->runner.ops->insert(run->runner.context, address) : NULL;
}

/*
 * One instruction on one CPU. Its breakpoint must be out for that: some targets do not pass over
 * one that is in. No other CPU runs meanwhile, so that none slips through.
 *
 * What stops may be the breakpoint of another CPU, met at the same time as the one that was told
 * first: then no step was made. That CPU meets its breakpoint again.
 */
static struct dill_error *step_over(struct run *run, const struct dill_stop *stop)
{
	dill_virt address = stop->registers[DILL_RIP];
	struct dill_stop after = *stop;

	TRY(run->runner.ops->remove(run->runner.context, address));
	run->out = address;
	for (unsigned tries = 0; tries < STEP_TRIES && !run->gone; tries++) {
		TRY(step(run, stop->cpu, &after));
		if (after.kind == DILL_STOP_PAUSED ||
		    (after.cpu == stop->cpu && after.registers[DILL_RIP] != address))
			break;
	}
	return run->gone ? NULL : put_back(run);
}

static struct dill_error *go_on(struct run *run, const struct dill_stop *stop, enum trace_then then,
				dill_virt next)
{
	switch (then) {
	case TRACE_THEN_RUN:
		return NULL;
	case TRACE_THEN_SKIP:
		return run->runner.ops->set_register(run->runner.context, DILL_RIP, next);
	case TRACE_THEN_STEP:
		return step_over(run, stop);
	}
	return NULL;
}

/* --- what may end a trace --- */

/* Whether the kernel has been booted again since the last look, by its clock alone. */
static struct dill_error *was_booted(struct run *run, bool *ret)
{
	run->clock_stops = CLOCK_STOPS;
	return boot_clock_check(&run->clock, run->peek, ret);
}

/* Whether the kernel is still the one that the tracer knows. The target is stopped. */
static bool is_same_kernel(struct run *run)
{
	struct kernel *kernel = run->heap->kernel;
	struct dill_error *error;
	bool booted = false;

	kernel_forget(kernel);
	error = kernel_refresh(kernel);
	if (!error)
		error = was_booted(run, &booted);
	if (!error && !booted)
		error = kernel_has_left(kernel, &booted);
	dill_error_free(error);
	return !error && !booted;
}

static bool check_limits(const struct run *run, enum trace_end_kind *ret)
{
	const struct trace_run_options *options = run->options;

	if ((options->events_max && tracer_counts(run->tracer).events >= options->events_max) ||
	    (options->enough && options->enough(options->context)))
		*ret = TRACE_END_EVENTS;
	else if (options->time_max_ns && tracer_elapsed(run->tracer) >= options->time_max_ns)
		*ret = TRACE_END_TIME;
	else
		return false;
	return true;
}

static struct dill_error *tell_progress(struct run *run)
{
	uint64_t now = tracer_elapsed(run->tracer);

	if (!run->options->progress || now - run->progress_ns < PROGRESS_NS)
		return NULL;
	run->progress_ns = now;
	return run->options->progress(run->options->context, run->tracer);
}

/* Nothing has happened for a while: stop the target and look at its kernel. */
static struct dill_error *check_idle(struct run *run, bool *ret_end, enum trace_end_kind *ret)
{
	struct dill_stop stop;

	run->idle_ms += WAIT_MS;
	if (run->idle_ms < run->check_ms)
		return NULL;
	run->check_ms = run->idle_ms * 2;
	TRY(run->runner.ops->interrupt(run->runner.context, &stop));
	run->running = false;
	if (stop.kind == DILL_STOP_GONE) {
		run->gone = *ret_end = true;
		*ret = TRACE_END_GONE;
		return NULL;
	}
	if (!is_same_kernel(run)) {
		*ret_end = true;
		*ret = TRACE_END_REBOOTED;
		return NULL;
	}
	return resume(run);
}

/* --- the loop --- */

static struct dill_error *handle_trap(struct run *run, const struct dill_stop *stop, bool *ret_end,
				      enum trace_end_kind *ret)
{
	enum trace_then then = TRACE_THEN_RUN;
	dill_virt next = 0;

	if (!run->clock_stops--) {
		TRY(was_booted(run, ret_end));
		*ret = TRACE_END_REBOOTED;
		if (*ret_end)
			return NULL;
	}
	if (!tracer_is_mine(run->tracer, stop->registers[DILL_RIP])) {
		/* A CPU had stopped there when the breakpoint was taken out: it just goes on. */
		return resume(run);
	}
	TRY(tracer_hit(run->tracer, stop, &then, &next));
	TRY(go_on(run, stop, then, next));
	if (run->gone) {
		*ret_end = true;
		*ret = TRACE_END_GONE;
		return NULL;
	}
	*ret_end = check_limits(run, ret);
	return *ret_end ? NULL : resume(run);
}

/* Wait once, and do what there is to do. */
static struct dill_error *turn(struct run *run, bool *ret_end, enum trace_end_kind *ret)
{
	struct dill_stop stop;

	TRY(run->runner.ops->wait(run->runner.context, WAIT_MS, &stop));
	if (stop.kind == DILL_STILL_RUNNING) {
		*ret_end = check_limits(run, ret);
		return *ret_end ? NULL : check_idle(run, ret_end, ret);
	}
	run->running = false;
	if (run->idle_ms)
		run->clock_stops = 0; /* time enough for a reset */
	run->idle_ms = 0;
	run->check_ms = IDLE_CHECK_MS;
	switch (stop.kind) {
	case DILL_STOP_TRAP:
		return handle_trap(run, &stop, ret_end, ret);
	case DILL_STOP_PAUSED:
		*ret = is_same_kernel(run) ? TRACE_END_PAUSED : TRACE_END_REBOOTED;
		break;
	case DILL_STOP_GONE:
	case DILL_STILL_RUNNING:
		run->gone = true;
		*ret = TRACE_END_GONE;
		break;
	}
	*ret_end = true;
	return NULL;
}

/* What became of a target whose connection has failed: one that has gone is no error. */
static bool has_gone(struct run *run)
{
	struct dill_stop stop = {.kind = DILL_STILL_RUNNING};
	struct dill_error *error = run->runner.ops->wait(run->runner.context, 0, &stop);

	run->gone = !error && stop.kind == DILL_STOP_GONE;
	dill_error_free(error);
	return run->gone;
}

static struct dill_error *loop(struct run *run, enum trace_end_kind *ret)
{
	bool end = false;

	TRY(resume(run));
	while (!end) {
		struct dill_error *error = turn(run, &end, ret);

		if (error && dill_error_code(error) == DILL_ERROR_INTERRUPTED) {
			dill_error_free(error);
			target_accept_interrupt(kernel_target(run->heap->kernel));
			*ret = TRACE_END_INTERRUPTED;
			return NULL;
		}
		if (error && dill_error_code(error) == DILL_ERROR_PROTOCOL && has_gone(run)) {
			dill_error_free(error);
			*ret = TRACE_END_GONE;
			return NULL;
		}
		TRY(error);
		TRY(tell_progress(run));
	}
	return NULL;
}

/* --- beginning and end --- */

static struct dill_error *begin(struct run *run)
{
	struct tracer_options options = {
		.filter = run->options->filter,
		.sink = run->options->sink,
		.stacks = run->options->stacks,
		.kinds = run->options->kinds,
		.events_max = run->options->events_max,
		.confirms = true,
		.breakpoints =
			{
				.insert = run->runner.ops->insert,
				.remove = run->runner.ops->remove,
				.context = run->runner.context,
			},
	};

	TRY(peek_new(run->heap->kernel, run->runner, &run->peek));
	options.peek = run->peek;
	TRY(boot_clock_start(run->heap->kernel, run->peek, &run->clock));
	TRY(tracer_new(run->heap, &options, &run->tracer));
	if (run->options->armed)
		TRY(run->options->armed(run->options->context, run->tracer));
	return tracer_arm(run->tracer);
}

/* Stop the target and take everything out of it, whatever has happened. */
static struct dill_error *finish(struct run *run)
{
	struct dill_error *error = NULL;
	struct dill_stop stop;

	if (run->gone || !run->tracer)
		return NULL;
	if (run->running)
		error = run->runner.ops->interrupt(run->runner.context, &stop);
	run->running = false;
	if (!error) /* a step was interrupted, and disarming takes all breakpoints out */
		error = put_back(run);
	if (!error && tracer_is_armed(run->tracer))
		error = tracer_disarm(run->tracer);
	kernel_forget(run->heap->kernel);
	return error;
}

struct dill_error *trace_run(struct heap *heap, struct dill_runner runner,
			     const struct trace_run_options *options, struct trace_run_result *ret)
{
	struct run run = {
		.heap = heap, .runner = runner, .options = options, .check_ms = IDLE_CHECK_MS};
	struct dill_error *error = begin(&run);

	*ret = (struct trace_run_result){0};
	if (!error)
		error = loop(&run, &ret->end);
	error = error_join(error, finish(&run)); /* which may fail for the same reason */
	if (run.tracer) {
		ret->counts = tracer_counts(run.tracer);
		ret->duration_ns = tracer_elapsed(run.tracer);
		ret->probes = tracer_probes(run.tracer);
	}
	tracer_free(run.tracer);
	peek_free(run.peek);
	return error;
}
