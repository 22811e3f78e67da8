/* SPDX-License-Identifier: MIT */
#include "store/process_join.h"

#include "store/intern.h"

/* Threads of one process have one tgid. */
static struct dill_error *join_threads(struct process_join *join, struct trace_totals *totals,
				       struct intern *tgids)
{
	for (uint32_t i = 0; i < totals->names.process_count; i++) {
		struct trace_process process = {.tgid = totals->names.processes[i].tgid};
		uint32_t id;
		bool new;

		TRY(intern_id(tgids, &process.tgid, sizeof(process.tgid), &id, &new));
		if (new)
			TRY(array_push(&totals->processes, process));
		join->process_of[i] = id - 1;
	}
	return NULL;
}

/* They may have names of their own, or one together. */
static struct dill_error *join_names(struct process_join *join, const struct trace_totals *totals,
				     struct intern *names)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf key = {0};

	for (uint32_t i = 0; i < totals->names.process_count; i++) {
		uint32_t id;
		bool new;

		strbuf_clear(&key);
		strbuf_append_format(&key, "%u %s", join->process_of[i],
				     totals->names.processes[i].comm);
		TRY(strbuf_error(&key));
		TRY(intern_id(names, strbuf_get(&key), key.length, &id, &new));
		join->name_of[i] = id - 1;
	}
	return NULL;
}

static struct dill_error *fill(struct process_join *join, struct trace_totals *totals)
{
	struct intern tgids = {0}, names = {0};
	struct dill_error *error = intern_init(&tgids);

	if (!error)
		error = join_threads(join, totals, &tgids);
	if (!error)
		error = intern_init(&names);
	if (!error)
		error = join_names(join, totals, &names);
	intern_deinit(&names);
	intern_deinit(&tgids);
	return error;
}

struct dill_error *process_join_init(struct process_join *ret, struct trace_totals *totals)
{
	size_t size = (size_t)totals->names.process_count + 1;

	ret->process_of = calloc(size, sizeof(*ret->process_of));
	ret->name_of = calloc(size, sizeof(*ret->name_of));
	ret->name_events = calloc(size, sizeof(*ret->name_events));
	if (!ret->process_of || !ret->name_of || !ret->name_events)
		return error_no_memory();
	return fill(ret, totals);
}

void process_join_deinit(struct process_join *join)
{
	free(join->process_of);
	free(join->name_of);
	free(join->name_events);
}

void process_join_note(struct process_join *join, uint32_t row)
{
	join->name_events[join->name_of[row]]++;
}

struct dill_error *process_join_name(const struct process_join *join, struct trace_totals *totals)
{
	_cleanup_(freep)
	uint64_t *most = calloc(totals->processes.count + 1, sizeof(*most));

	if (!most)
		return error_no_memory();
	for (uint32_t i = 0; i < totals->names.process_count; i++) {
		struct trace_process *process = &totals->processes.items[join->process_of[i]];
		uint64_t events = join->name_events[join->name_of[i]];
		uint64_t *best = &most[join->process_of[i]];

		if (process->comm && events <= *best)
			continue;
		process->comm = totals->names.processes[i].comm;
		*best = events;
	}
	return NULL;
}
