/* SPDX-License-Identifier: MIT */
#include "command/object_record.h"
#include "command/symbol_text.h"

static struct dill_error *set_stack(struct inquiry *inquiry, const struct track *track,
				    struct record *record)
{
	const char **texts =
		arena_alloc_array(inquiry->arena, track->stack_count + 1, sizeof(*texts));

	if (!texts)
		return error_no_memory();
	for (size_t i = 0; i < track->stack_count; i++)
		TRY(symbol_text(inquiry->kernel, track->stack[i], inquiry->arena, &texts[i]));
	record_set_texts(record, TRACK_COLUMN_STACK, texts, track->stack_count);
	record_set_addresses(record, TRACK_COLUMN_ADDRESSES, track->stack, track->stack_count);
	return NULL;
}

static struct dill_error *add(struct inquiry *inquiry, const char *event, const struct track *track,
			      bool nanoseconds, bool has_cpu, struct record_list *list)
{
	struct record *record = record_new(inquiry->arena, &object_track_kind);
	const char *caller;

	if (!record)
		return error_no_memory();
	record_set_text(record, TRACK_COLUMN_EVENT, event);
	record_set_signed(record, TRACK_COLUMN_PID, track->pid);
	if (has_cpu) {
		record_set_number(record, TRACK_COLUMN_CPU, track->cpu);
		record_set_number(record,
				  nanoseconds ? TRACK_COLUMN_NANOSECONDS : TRACK_COLUMN_JIFFIES,
				  track->when);
	}
	if (track->caller) {
		TRY(symbol_text(inquiry->kernel, track->caller, inquiry->arena, &caller));
		record_set_text(record, TRACK_COLUMN_CALLER, caller);
	}
	if (track->stack_count)
		TRY(set_stack(inquiry, track, record));
	record_list_append(list, record);
	return NULL;
}

struct dill_error *set_tracks(struct inquiry *inquiry, const struct track *alloc,
			      const struct track *free, bool nanoseconds, bool has_cpu,
			      struct record *record)
{
	struct record_list list = {0};

	if (alloc->known)
		TRY(add(inquiry, "alloc", alloc, nanoseconds, has_cpu, &list));
	if (free->known)
		TRY(add(inquiry, "free", free, nanoseconds, has_cpu, &list));
	if (list.count)
		record_set_records(record, OBJECT_COLUMN_TRACKS, list);
	return NULL;
}
