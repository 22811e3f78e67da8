/* SPDX-License-Identifier: MIT */
#include "command/fill_track.h"

#include "command/symbol_text.h"
#include "kernel/tasks.h"

static struct dill_error *set_stack(struct kernel *kernel, struct arena *arena,
				    const struct track *track, struct dill_record *record)
{
	const char **texts = arena_alloc_array(arena, track->stack_count + 1, sizeof(*texts));

	if (!texts)
		return error_no_memory();
	for (size_t i = 0; i < track->stack_count; i++)
		TRY(symbol_text(kernel, track->stack[i], arena, &texts[i]));
	record_set_texts(record, TRACK_COLUMN_STACK, texts, track->stack_count);
	record_set_addresses(record, TRACK_COLUMN_ADDRESSES, track->stack, track->stack_count);
	return NULL;
}

static struct dill_error *ignore_finding(void *context, const struct task_finding *finding)
{
	(void)context;
	(void)finding;
	return NULL;
}

/* Numbers are given out again: it is the name of who has it now. */
static struct dill_error *set_comm(struct kernel *kernel, struct arena *arena, int32_t pid,
				   struct dill_record *record)
{
	const struct task_visitor visitor = {.finding = ignore_finding};
	_cleanup_(tasks_freep)
	struct tasks *tasks = NULL;
	_cleanup_(strbuf_deinitp)
	struct strbuf text = {0};
	struct task task;
	const char *copy;

	TRY(tasks_new(kernel, &tasks));
	TRY(tasks_find(tasks, (uint32_t)pid, &visitor, &task));
	if (!(task.has & TASK_COMM))
		return NULL;
	strbuf_append_escaped(&text, task.comm, task.comm_length);
	TRY(strbuf_error(&text));
	copy = arena_copy_text(arena, strbuf_get(&text), text.length);
	if (!copy)
		return error_no_memory();
	record_set_text(record, TRACK_COLUMN_COMM, copy);
	return NULL;
}

struct dill_error *track_append(struct kernel *kernel, struct arena *arena, enum event_word event,
				const struct track *track, struct record_list *list)
{
	struct dill_record *record;
	const char *caller;

	if (!track || !track->known)
		return NULL;
	record = record_new(arena, &track_kind);
	if (!record)
		return error_no_memory();
	record_set_enum(record, TRACK_COLUMN_EVENT, event);
	record_set_signed(record, TRACK_COLUMN_PID, track->pid);
	if (track->pid >= 0) {
		struct dill_error *error = set_comm(kernel, arena, (int32_t)track->pid, record);

		TRY(error_forgive(error));
	}
	if (!track->without_cpu)
		record_set_number(record, TRACK_COLUMN_CPU, track->cpu);
	if (track->clock != TRACK_NO_CLOCK)
		record_set_number(record,
				  track->clock == TRACK_JIFFIES ? TRACK_COLUMN_JIFFIES
								: TRACK_COLUMN_NANOSECONDS,
				  track->when);
	if (track->caller) {
		TRY(symbol_text(kernel, track->caller, arena, &caller));
		record_set_text(record, TRACK_COLUMN_CALLER, caller);
	}
	if (track->stack_count)
		TRY(set_stack(kernel, arena, track, record));
	record_list_append(list, record);
	return NULL;
}
