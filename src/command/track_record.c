/* SPDX-License-Identifier: MIT */
#include "command/track_record.h"

#include "command/symbol_text.h"

static struct dill_error *set_stack(struct kernel *kernel, struct arena *arena,
				    const struct track *track, struct record *record)
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

struct dill_error *track_append(struct kernel *kernel, struct arena *arena, const char *event,
				const struct track *track, struct record_list *list)
{
	struct record *record;
	const char *caller;

	if (!track || !track->known)
		return NULL;
	record = record_new(arena, &track_kind);
	if (!record)
		return error_no_memory();
	record_set_text(record, TRACK_COLUMN_EVENT, event);
	record_set_signed(record, TRACK_COLUMN_PID, track->pid);
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
