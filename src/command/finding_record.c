/* SPDX-License-Identifier: MIT */
#include "command/finding_record.h"

#include "base/plural.h"
#include "command/session.h"
#include "command/track_record.h"
#include "render/gap_view.h"

static struct dill_error *set_object(struct command_call *call, const struct finding *finding,
				     struct record *record)
{
	struct record_list tracks = {0};
	struct kernel *kernel;

	if (!finding->object)
		return NULL;
	record_set_number(record, FINDING_COLUMN_OBJECT, finding->object);
	if (!finding->allocated || !finding->freed)
		return NULL;
	TRY(session_kernel(call->session, &kernel));
	TRY(track_append(kernel, call->arena, "alloc", finding->allocated, &tracks));
	TRY(track_append(kernel, call->arena, "free", finding->freed, &tracks));
	if (tracks.count)
		record_set_records(record, FINDING_COLUMN_TRACKS, tracks);
	return NULL;
}

/* "cc cc 41". */
static const char *bytes_text(const struct finding *finding, struct arena *arena)
{
	const char *text = "";

	for (size_t i = 0; i < finding->seen_byte_count && text; i++)
		text = arena_format(arena, "%s%s%02x", text, i ? " " : "", finding->seen_bytes[i]);
	return text;
}

static struct dill_error *emit(struct command_call *call, const struct finding *finding)
{
	struct record *record = record_new(call->arena, &finding_record_kind);

	if (!record)
		return error_no_memory();
	record_set_text(record, FINDING_COLUMN_KIND, finding_kind_name(finding->kind));
	record_set_text(record, FINDING_COLUMN_CACHE, finding->place.cache);
	if (finding->place.cpu >= 0)
		record_set_number(record, FINDING_COLUMN_CPU, (uint64_t)finding->place.cpu);
	if (finding->place.node >= 0)
		record_set_number(record, FINDING_COLUMN_NODE, (uint64_t)finding->place.node);
	if (finding->place.slab)
		record_set_number(record, FINDING_COLUMN_SLAB, finding->place.slab);
	record_set_number(record, FINDING_COLUMN_ADDRESS, finding->address);
	if (finding->has_expected)
		record_set_number(record, FINDING_COLUMN_EXPECTED, finding->expected);
	if (finding->has_seen)
		record_set_number(record, FINDING_COLUMN_SEEN, finding->seen);
	if (finding->seen_byte_count)
		record_set_text(record, FINDING_COLUMN_SEEN_BYTES,
				bytes_text(finding, call->arena));
	TRY(set_object(call, finding, record));
	record_set_text(record, FINDING_COLUMN_TEXT, finding->text);
	return call->sink->emit(call->sink, record);
}

struct findings findings_new(const struct command_call *call)
{
	bool moves = memory_moves(session_memory(call->session));

	return (struct findings){.arena = call->arena,
				 .moving = moves ? "the system ran while it was read" : NULL};
}

/* What a running system's heap did not fit in is no corruption, but the answer is not exact. */
static void say_moved(const struct command_call *call, const struct findings *findings)
{
	size_t count = findings->remarks.count;

	if (findings->moving && count)
		memory_log(session_memory(call->session),
			   "%zu part%s of the heap did not fit together, as the system runs while "
			   "it is read; the first: %s",
			   count, plural(count), findings->remarks.first->text);
}

struct dill_error *findings_emit(struct command_call *call, const struct findings *findings)
{
	say_moved(call, findings);
	for (const struct finding *finding = findings->first; finding; finding = finding->next)
		TRY(emit(call, finding));
	if (findings->count > findings->kept) {
		struct record *record = record_new(call->arena, &finding_record_kind);

		if (!record)
			return error_no_memory();
		record_set_text(record, FINDING_COLUMN_KIND, "more");
		record_set_text(record, FINDING_COLUMN_TEXT,
				arena_format(call->arena, "%zu more findings are not shown",
					     findings->count - findings->kept));
		TRY(call->sink->emit(call->sink, record));
	}
	if (findings->count)
		call->findings = true;
	return NULL;
}

struct dill_error *gap_emit(struct command_call *call, const char *file, const char *why)
{
	struct record *record;

	if (!why)
		return NULL;
	record = record_new(call->arena, &gap_kind);
	if (!record)
		return error_no_memory();
	record_set_text(record, GAP_COLUMN_WHY, why);
	record_set_text(record, GAP_COLUMN_FILE, file);
	record_set_text(
		record, GAP_COLUMN_TEXT,
		arena_format(call->arena,
			     "objects on no list are unknown, as they may be live, or freed "
			     "and in %s, which could not be read",
			     why));
	return call->sink->emit(call->sink, record);
}

struct dill_error *survey_emit(struct command_call *call, const struct survey *survey,
			       const struct findings *findings)
{
	TRY(gap_emit(call, NULL, survey_why(survey)));
	return findings_emit(call, findings);
}
