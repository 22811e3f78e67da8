/* SPDX-License-Identifier: MIT */
#include "command/track_record.h"

#include "command/symbol_text.h"

static struct dill_error *set_stack(struct kernel *kernel, const struct track *track,
				    struct arena *arena, struct record *record)
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

static struct dill_error *add(struct kernel *kernel, const char *event, const struct track *track,
			      enum track_detail detail, struct arena *arena,
			      struct record_list *list)
{
	struct record *record = record_new(arena, &object_track_kind);
	const char *caller;

	if (!record)
		return error_no_memory();
	record_set_text(record, TRACK_COLUMN_EVENT, event);
	record_set_signed(record, TRACK_COLUMN_PID, track->pid);
	if (detail != TRACK_ANONYMOUS) {
		record_set_number(record, TRACK_COLUMN_CPU, track->cpu);
		record_set_number(record,
				  detail == TRACK_NANOSECONDS ? TRACK_COLUMN_NANOSECONDS
							      : TRACK_COLUMN_JIFFIES,
				  track->when);
	}
	if (track->caller) {
		TRY(symbol_text(kernel, track->caller, arena, &caller));
		record_set_text(record, TRACK_COLUMN_CALLER, caller);
	}
	if (track->stack_count)
		TRY(set_stack(kernel, track, arena, record));
	record_list_append(list, record);
	return NULL;
}

struct dill_error *track_records(struct kernel *kernel, const struct track *alloc,
				 const struct track *free, enum track_detail detail,
				 struct arena *arena, struct record_list *ret)
{
	*ret = (struct record_list){0};
	if (alloc->known)
		TRY(add(kernel, "alloc", alloc, detail, arena, ret));
	if (free->known)
		TRY(add(kernel, "free", free, detail, arena, ret));
	return NULL;
}
