/* SPDX-License-Identifier: MIT */
#include "command/track_record.h"

const char *symbol_text(struct kernel *kernel, dill_virt address, struct arena *arena)
{
	struct symbol symbol;
	struct dill_error *error = kernel_symbol_at(kernel, address, &symbol);

	if (!error)
		return arena_format(arena, "%s+%#lx", symbol.name,
				    (unsigned long)(address - symbol.address));
	dill_error_free(error);
	return arena_format(arena, "%#lx", (unsigned long)address);
}

static struct dill_error *set_stack(struct kernel *kernel, const struct track *track,
				    struct arena *arena, struct record *record)
{
	const char **names = arena_alloc_array(arena, track->stack_count + 1, sizeof(*names));

	if (!names)
		return error_no_memory();
	for (size_t i = 0; i < track->stack_count; i++) {
		names[i] = symbol_text(kernel, track->stack[i], arena);
		if (!names[i])
			return error_no_memory();
	}
	record_set_addresses(record, TRACK_COLUMN_STACK, track->stack, track->stack_count);
	record_set_texts(record, TRACK_COLUMN_STACK_NAMES, names, track->stack_count);
	return NULL;
}

struct dill_error *track_record(struct kernel *kernel, const struct track *track,
				struct arena *arena, struct record_list *ret)
{
	struct record *record;

	*ret = (struct record_list){0};
	if (!track || !track->known)
		return NULL;
	record = record_new(arena, &track_kind);
	if (!record)
		return error_no_memory();
	record_set_number(record, TRACK_COLUMN_CALLER, track->caller);
	record_set_text(record, TRACK_COLUMN_CALLER_NAME,
			symbol_text(kernel, track->caller, arena));
	record_set_number(record, TRACK_COLUMN_CPU, track->cpu);
	record_set_signed(record, TRACK_COLUMN_PID, track->pid);
	record_set_number(record, TRACK_COLUMN_WHEN, track->when);
	if (track->stack_count)
		TRY(set_stack(kernel, track, arena, record));
	record_list_append(ret, record);
	return NULL;
}
