/* SPDX-License-Identifier: MIT */
#include "command/fill_report.h"

#include "store/stacks.h"

struct report {
	struct command_call *call;
	const struct trace_totals *totals;
	struct report_choice choice;
};

static struct dill_error *emit(const struct report *report, struct dill_record *record)
{
	return report->call->sink->emit(report->call->sink, record);
}

static struct dill_error *new_record(const struct report *report,
				     const struct dill_record_kind *kind, struct dill_record **ret)
{
	*ret = record_new(report->call->arena, kind);
	return *ret ? NULL : error_no_memory();
}

/* The heading of a list of @p total items, and how many of them to show; none for an empty list. */
static struct dill_error *emit_heading(const struct report *report,
				       const struct dill_record_kind *kind, const char *title,
				       size_t total, size_t *ret_shown)
{
	size_t rows = report->choice.rows;
	struct dill_record *record;

	*ret_shown = rows && rows < total ? rows : total;
	if (!total)
		return NULL;
	TRY(new_record(report, &trace_list_kind, &record));
	record_set_text(record, TRACE_LIST_NAME, kind->name);
	record_set_number(record, TRACE_LIST_TOTAL, total);
	record_set_number(record, TRACE_LIST_SHOWN, *ret_shown);
	record_set_text(record, TRACE_LIST_TITLE, title);
	return emit(report, record);
}

static uint64_t wasted(const struct trace_sums *sums)
{
	return sums->bytes_given > sums->bytes_requested ? sums->bytes_given - sums->bytes_requested
							 : 0;
}

/* --- the whole --- */

static void set_facts(struct dill_record *record, const struct trace_facts *facts)
{
	record_set_bool(record, TRACE_COLUMN_FINISHED, facts->finished);
	if (facts->finished) {
		record_set_text(record, TRACE_COLUMN_END_REASON, facts->end.reason);
		record_set_number(record, TRACE_COLUMN_LOST, facts->end.lost);
		record_set_text(record, TRACE_COLUMN_LOST_WHY, facts->end.lost_why);
		record_set_number(record, TRACE_COLUMN_DISMISSED, facts->end.dismissed);
	}
	record_set_text(record, TRACE_COLUMN_UNTRACED, facts->about.untraced);
	record_set_text(record, TRACE_COLUMN_BANNER, facts->about.banner);
	record_set_text(record, TRACE_COLUMN_OPTIONS, facts->about.options);
	record_set_text(record, TRACE_COLUMN_ENGINE, facts->about.engine);
	record_set_text(record, TRACE_COLUMN_BACKTRACES, facts->about.backtraces);
	if (facts->about.start_time)
		record_set_number(record, TRACE_COLUMN_START_TIME, facts->about.start_time);
	record_set_text(record, TRACE_COLUMN_WRITER, facts->writer);
}

static struct dill_error *emit_whole(const struct report *report)
{
	const struct trace_totals *totals = report->totals;
	const struct trace_sums *sums = &totals->sums;
	struct dill_record *record;

	TRY(new_record(report, &trace_record_kind, &record));
	record_set_number(record, TRACE_COLUMN_EVENTS, totals->events);
	record_set_number(record, TRACE_COLUMN_DURATION, totals->end_ns);
	record_set_number(record, TRACE_COLUMN_ALLOCS, sums->allocs);
	record_set_number(record, TRACE_COLUMN_FAILED, sums->failed);
	record_set_number(record, TRACE_COLUMN_FREES, sums->frees);
	record_set_number(record, TRACE_COLUMN_REQUESTS, sums->requests);
	record_set_number(record, TRACE_COLUMN_REQUESTED, sums->bytes_requested);
	record_set_number(record, TRACE_COLUMN_GIVEN, sums->bytes_given);
	record_set_number(record, TRACE_COLUMN_WASTE, wasted(sums));
	record_set_number(record, TRACE_COLUMN_ALIVE, sums->alive);
	record_set_number(record, TRACE_COLUMN_ALIVE_BYTES, sums->alive_bytes);
	record_set_number(record, TRACE_COLUMN_UNSEEN, sums->unseen);
	record_set_number(record, TRACE_COLUMN_DOUBLE_FREES, sums->double_frees);
	record_set_number(record, TRACE_COLUMN_UNKNOWN_FREES, sums->unknown_frees);
	record_set_number(record, TRACE_COLUMN_CONTRADICTIONS, totals->contradictions);
	set_facts(record, &totals->facts);
	return emit(report, record);
}

/* --- groups --- */

/* What a group is called. */
static void set_name(const struct report *report, enum trace_group_by by, uint32_t key,
		     struct dill_record *record)
{
	const struct trace_totals *totals = report->totals;

	switch (by) {
	case TRACE_BY_CACHE:
		record_set_text(record, TRACE_GROUP_NAME, totals_cache_name(totals, key));
		if (key < totals->names.cache_count)
			record_set_number(record, TRACE_GROUP_ID,
					  totals->names.caches[key].address);
		break;
	case TRACE_BY_CALLER:
		record_set_text(record, TRACE_GROUP_NAME, totals_caller_name(totals, key));
		if (key < totals->names.symbol_count)
			record_set_number(record, TRACE_GROUP_ID,
					  totals->names.symbols[key].address);
		break;
	case TRACE_BY_PROCESS:
		record_set_text(record, TRACE_GROUP_NAME, totals->processes.items[key].comm);
		record_set_number(record, TRACE_GROUP_ID, totals->processes.items[key].tgid);
		break;
	}
}

static struct dill_error *emit_group(const struct report *report,
				     const struct dill_record_kind *kind, enum trace_group_by by,
				     const struct trace_group *group)
{
	const struct trace_sums *sums = &group->sums;
	struct dill_record *record;

	TRY(new_record(report, kind, &record));
	set_name(report, by, group->key, record);
	record_set_number(record, TRACE_GROUP_ALLOCS, sums->allocs);
	record_set_number(record, TRACE_GROUP_FAILED, sums->failed);
	record_set_number(record, TRACE_GROUP_FREES, sums->frees);
	record_set_number(record, TRACE_GROUP_REQUESTS, sums->requests);
	record_set_number(record, TRACE_GROUP_REQUESTED, sums->bytes_requested);
	record_set_number(record, TRACE_GROUP_GIVEN, sums->bytes_given);
	record_set_number(record, TRACE_GROUP_WASTE, wasted(sums));
	record_set_number(record, TRACE_GROUP_ALIVE, sums->alive);
	record_set_number(record, TRACE_GROUP_ALIVE_BYTES, sums->alive_bytes);
	record_set_number(record, TRACE_GROUP_UNSEEN, sums->unseen);
	if (sums->aged) {
		record_set_number(record, TRACE_GROUP_MEDIAN_AGE, group->median_age_ns);
		record_set_number(record, TRACE_GROUP_MEAN_AGE, sums->age_sum_ns / sums->aged);
	}
	return emit(report, record);
}

static struct dill_error *emit_groups(const struct report *report,
				      const struct dill_record_kind *kind, enum trace_group_by by,
				      const char *title)
{
	trace_groups groups = {0};
	size_t shown = 0;
	struct dill_error *error = trace_totals_group(report->totals, by, &groups);

	if (!error)
		error = emit_heading(report, kind, title, groups.count, &shown);
	for (size_t i = 0; i < shown && !error; i++)
		error = emit_group(report, kind, by, &groups.items[i]);
	array_free(&groups);
	return error;
}

/* --- what is alive, and frees of what is not known --- */

static struct dill_error *emit_alive(const struct report *report, const struct trace_group *site)
{
	const struct trace_totals *totals = report->totals;
	const struct trace_cell *cell = &totals->cells.items[site->key];
	struct dill_record *record;

	TRY(new_record(report, &trace_alive_kind, &record));
	record_set_text(record, TRACE_ALIVE_CACHE, totals_cache_name(totals, cell->cache));
	record_set_text(record, TRACE_ALIVE_CALLER, totals_caller_name(totals, cell->caller));
	record_set_number(record, TRACE_ALIVE_OBJECTS, site->sums.alive);
	record_set_number(record, TRACE_ALIVE_BYTES, site->sums.alive_bytes);
	record_set_number(record, TRACE_ALIVE_OLDEST, totals->end_ns - site->sums.oldest_ns);
	return emit(report, record);
}

static struct dill_error *emit_unknown(const struct report *report, const struct trace_group *site)
{
	const struct trace_totals *totals = report->totals;
	const struct trace_cell *cell = &totals->cells.items[site->key];
	struct dill_record *record;

	TRY(new_record(report, &trace_unknown_kind, &record));
	record_set_text(record, TRACE_UNKNOWN_CACHE, totals_cache_name(totals, cell->cache));
	record_set_text(record, TRACE_UNKNOWN_CALLER, totals_caller_name(totals, cell->caller));
	record_set_number(record, TRACE_UNKNOWN_FREES, site->sums.unknown_frees);
	return emit(report, record);
}

static int compare(uint64_t first, uint64_t second)
{
	return first > second ? -1 : first < second;
}

static int most_alive(const void *a, const void *b)
{
	const struct trace_group *first = a, *second = b;
	int order = compare(first->sums.alive_bytes, second->sums.alive_bytes);

	if (!order)
		order = compare(first->sums.alive, second->sums.alive);
	return order ? order : compare(second->key, first->key);
}

static int most_unknown(const void *a, const void *b)
{
	const struct trace_group *first = a, *second = b;
	int order = compare(first->sums.unknown_frees, second->sums.unknown_frees);

	return order ? order : compare(second->key, first->key);
}

/* Those places that have what a list is about, those with most of it first. */
struct site_list {
	const struct dill_record_kind *kind;
	const char *title;
	int (*order)(const void *a, const void *b);
	struct dill_error *(*emit)(const struct report *report, const struct trace_group *site);
};

static const struct site_list alive_list = {
	&trace_alive_kind, "Still alive: allocated here, not freed while watched; by bytes",
	most_alive, emit_alive};
static const struct site_list unknown_list = {
	&trace_unknown_kind, "Freed here, allocated before the watch", most_unknown, emit_unknown};

static struct dill_error *emit_sites(const struct report *report, const struct site_list *list)
{
	trace_groups sites = {0};
	size_t count = 0, shown = 0;
	struct dill_error *error = trace_totals_sites(report->totals, &sites);

	for (size_t i = 0; i < sites.count; i++) {
		const struct trace_sums *sums = &sites.items[i].sums;

		if (list == &alive_list ? sums->alive : sums->unknown_frees)
			sites.items[count++] = sites.items[i];
	}
	if (count)
		qsort(sites.items, count, sizeof(*sites.items), list->order);
	if (!error)
		error = emit_heading(report, list->kind, list->title, count, &shown);
	for (size_t i = 0; i < shown && !error; i++)
		error = list->emit(report, &sites.items[i]);
	array_free(&sites);
	return error;
}

static struct dill_error *emit_stack(const struct report *report,
				     const struct trace_stack_group *group)
{
	const struct trace_totals *totals = report->totals;
	const char **texts = arena_alloc_array(report->call->arena, group->count, sizeof(*texts));
	struct dill_record *record;

	if (!texts)
		return error_no_memory();
	for (size_t i = 0; i < group->count; i++)
		texts[i] = totals_caller_name(totals, group->symbols[i]);
	TRY(new_record(report, &trace_stack_kind, &record));
	record_set_number(record, TRACE_STACK_OBJECTS, group->objects);
	record_set_number(record, TRACE_STACK_BYTES, group->bytes);
	record_set_text(record, TRACE_STACK_CACHE, totals_cache_name(totals, group->key));
	record_set_number(record, TRACE_STACK_OLDEST, totals->end_ns - group->oldest_ns);
	record_set_texts(record, TRACE_STACK_STACK, texts, group->count);
	return emit(report, record);
}

static struct dill_error *emit_stacks(const struct report *report)
{
	trace_stack_groups groups = {0};
	size_t shown = 0;
	struct dill_error *error;

	if (!report->totals->stacks.count)
		return NULL;
	error = trace_stacks_group(report->totals, TRACE_STACK_BY_CACHE, true, report->call->arena,
				   &groups);
	if (!error)
		error = emit_heading(report, &trace_stack_kind,
				     "Still alive, by whole stack; by bytes", groups.count, &shown);
	for (size_t i = 0; i < shown && !error; i++)
		error = emit_stack(report, &groups.items[i]);
	array_free(&groups);
	return error;
}

static struct dill_error *emit_object(const struct report *report,
				      const struct trace_object *object)
{
	const struct trace_totals *totals = report->totals;
	const struct trace_cell *cell = &totals->cells.items[object->cell];
	const struct stored_process *process = &totals->names.processes[object->process];
	struct dill_record *record;

	TRY(new_record(report, &trace_object_kind, &record));
	record_set_number(record, TRACE_OBJECT_SEQUENCE, object->sequence);
	record_set_number(record, TRACE_OBJECT_TIME, object->time_ns);
	record_set_number(record, TRACE_OBJECT_AGE, totals->end_ns - object->time_ns);
	record_set_number(record, TRACE_OBJECT_ADDRESS, object->address);
	record_set_text(record, TRACE_OBJECT_CACHE, totals_cache_name(totals, cell->cache));
	record_set_number(record, TRACE_OBJECT_REQUESTED, object->bytes_requested);
	record_set_number(record, TRACE_OBJECT_GIVEN, object->bytes_given);
	record_set_number(record, TRACE_OBJECT_PID, process->pid);
	record_set_text(record, TRACE_OBJECT_COMM, process->comm);
	record_set_text(record, TRACE_OBJECT_CALLER, totals_caller_name(totals, cell->caller));
	if (object->request_sequence)
		record_set_number(record, TRACE_OBJECT_REQUEST, object->request_sequence);
	return emit(report, record);
}

static struct dill_error *emit_objects(const struct report *report)
{
	const struct trace_totals *totals = report->totals;
	size_t shown;

	TRY(emit_heading(report, &trace_object_kind, "Objects that are still alive, oldest first",
			 (size_t)totals->sums.alive, &shown));
	for (size_t i = 0; i < totals->objects.count && shown; i++) {
		if (totals->objects.items[i].state != TRACE_OBJECT_ALIVE)
			continue;
		TRY(emit_object(report, &totals->objects.items[i]));
		shown--;
	}
	return NULL;
}

/* --- double frees --- */

static struct dill_error *emit_double(const struct report *report,
				      const struct trace_double_free *twice)
{
	const struct trace_totals *totals = report->totals;
	const struct trace_cell *cell = &totals->cells.items[twice->cell];
	const struct stored_process *process = &totals->names.processes[twice->process];
	struct dill_record *record;

	TRY(new_record(report, &trace_double_kind, &record));
	record_set_number(record, TRACE_DOUBLE_SEQUENCE, twice->sequence);
	record_set_number(record, TRACE_DOUBLE_TIME, twice->time_ns);
	record_set_number(record, TRACE_DOUBLE_ADDRESS, twice->address);
	record_set_text(record, TRACE_DOUBLE_CACHE, totals_cache_name(totals, cell->cache));
	record_set_number(record, TRACE_DOUBLE_PID, process->pid);
	record_set_text(record, TRACE_DOUBLE_COMM, process->comm);
	record_set_text(record, TRACE_DOUBLE_CALLER, totals_caller_name(totals, cell->caller));
	if (twice->first_sequence) {
		process = &totals->names.processes[twice->first_process];
		record_set_number(record, TRACE_DOUBLE_FIRST_SEQUENCE, twice->first_sequence);
		record_set_number(record, TRACE_DOUBLE_FIRST_PID, process->pid);
		record_set_text(record, TRACE_DOUBLE_FIRST_COMM, process->comm);
		record_set_text(record, TRACE_DOUBLE_FIRST_CALLER,
				totals_caller_name(totals, twice->first_caller));
	}
	if (twice->alloc_sequence)
		record_set_number(record, TRACE_DOUBLE_ALLOC_SEQUENCE, twice->alloc_sequence);
	return emit(report, record);
}

static struct dill_error *emit_doubles(const struct report *report)
{
	size_t shown;

	TRY(emit_heading(report, &trace_double_kind, "Double frees",
			 report->totals->double_frees.count, &shown));
	for (size_t i = 0; i < shown; i++)
		TRY(emit_double(report, &report->totals->double_frees.items[i]));
	return NULL;
}

/* --- slabs --- */

static struct dill_error *emit_slab(const struct report *report,
				    const struct trace_filled_slab *filled)
{
	const struct trace_totals *totals = report->totals;
	const struct stored_slab *slab = &totals->names.slabs[filled->slab];
	const struct trace_process *process = &totals->processes.items[filled->process];
	struct dill_record *record;

	TRY(new_record(report, &trace_slab_kind, &record));
	record_set_number(record, TRACE_SLAB_ADDRESS, slab->address);
	record_set_text(record, TRACE_SLAB_CACHE, totals_cache_name(totals, slab->cache));
	record_set_number(record, TRACE_SLAB_OBJECTS, slab->objects);
	record_set_number(record, TRACE_SLAB_ALIVE, filled->alive);
	record_set_number(record, TRACE_SLAB_PID, process->tgid);
	record_set_text(record, TRACE_SLAB_COMM, process->comm);
	record_set_number(record, TRACE_SLAB_FIRST, filled->first_ns);
	record_set_number(record, TRACE_SLAB_LAST, filled->last_ns);
	return emit(report, record);
}

static struct dill_error *emit_slabs(const struct report *report)
{
	size_t shown;

	TRY(emit_heading(report, &trace_slab_kind,
			 "Slabs that one process filled alone, from their first object on",
			 report->totals->filled_slabs.count, &shown));
	for (size_t i = 0; i < shown; i++)
		TRY(emit_slab(report, &report->totals->filled_slabs.items[i]));
	return NULL;
}

struct dill_error *report_emit(struct command_call *call, const struct trace_totals *totals,
			       const struct report_choice *choice)
{
	struct report report = {call, totals, *choice};

	TRY(emit_whole(&report));
	TRY(emit_groups(&report, &trace_cache_kind, TRACE_BY_CACHE, "Caches, by allocations"));
	TRY(emit_groups(&report, &trace_caller_kind, TRACE_BY_CALLER, "Callers, by allocations"));
	TRY(emit_groups(&report, &trace_process_kind, TRACE_BY_PROCESS,
			"Processes, by allocations"));
	TRY(emit_sites(&report, &alive_list));
	TRY(emit_stacks(&report));
	if (choice->live)
		TRY(emit_objects(&report));
	TRY(emit_sites(&report, &unknown_list));
	TRY(emit_slabs(&report));
	TRY(emit_doubles(&report));
	if (totals->sums.double_frees)
		call->findings = true;
	return NULL;
}
