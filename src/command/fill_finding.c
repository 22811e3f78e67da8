/* SPDX-License-Identifier: MIT */
#include "command/fill_finding.h"

#include <string.h>

#include "answer/gap_record.h"
#include "base/plural.h"
#include "base/strbuf.h"
#include "command/fill_object.h"
#include "command/fill_role.h"
#include "command/fill_track.h"
#include "command/session.h"
#include "kernel/region.h"

/* "cc cc 41". */
static const char *bytes_text(const struct finding *finding, struct arena *arena)
{
	const char *text = "";

	for (size_t i = 0; i < finding->seen_byte_count && text; i++)
		text = arena_format(arena, "%s%s%02x", text, i ? " " : "", finding->seen_bytes[i]);
	return text;
}

/* --- text --- */

/* Fewest characters that are taken for text. */
#define TEXT_MIN 4u

/*
 * What was written there as text, when it looks like some: printable to its end, or to a zero, as a
 * string leaves it. NULL when it does not.
 */
static const char *text_of(const uint8_t *bytes, size_t size, struct arena *arena)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf text = {0};
	size_t length = 0;

	while (length < size && bytes[length] >= ' ' && bytes[length] <= '~')
		length++;
	if (length < TEXT_MIN || (length < size && bytes[length]))
		return NULL;
	strbuf_append_escaped(&text, (const char *)bytes, length);
	return strbuf_error(&text) ? NULL : arena_copy_text(arena, text.data, text.length);
}

static const char *stored_text(const struct finding *finding, struct arena *arena)
{
	uint8_t word[sizeof(finding->stored)];

	memcpy(word, &finding->stored, sizeof(word));
	return finding->has_stored ? text_of(word, sizeof(word), arena)
				   : text_of(finding->seen_bytes, finding->seen_byte_count, arena);
}

/* --- what lies around --- */

/* Where the slot begins that the wrong word lies in, and whose it is; 0 when in no object. */
static struct dill_error *slot_of(struct inquiry *inquiry, const struct finding *finding,
				  dill_virt *ret)
{
	dill_virt about = finding->object ? finding->object : finding->address;
	struct findings untold = FINDINGS_MUTED;
	struct located located;

	*ret = 0;
	if (kernel_region(inquiry->kernel, about) != REGION_DIRECT_MAP)
		return NULL;
	TRY(heap_locate(inquiry->heap, &inquiry->survey->all, about, &untold, &located));
	if (located.in_slot)
		*ret = located.object - located.cache->red_left_pad;
	return NULL;
}

/* An object's own end is in front of what was written behind it. */
static bool is_behind_object(const struct finding *finding)
{
	return finding->object && finding->address > finding->object &&
	       (finding->kind == FINDING_RED_ZONE || finding->kind == FINDING_PADDING);
}

static void copy_neighbour(const struct dill_record *from, struct dill_record *to)
{
	static const struct {
		enum neighbour_column to;
		enum object_column from;
	} texts[] = {
		{NEIGHBOUR_COLUMN_CACHE, OBJECT_COLUMN_CACHE},
		{NEIGHBOUR_COLUMN_ALLOC_TAG, OBJECT_COLUMN_ALLOC_TAG},
		{NEIGHBOUR_COLUMN_ALLOC_TAG_DOUBT, OBJECT_COLUMN_ALLOC_TAG_DOUBT},
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (from->fields[texts[i].from].present)
			record_set_text(to, texts[i].to, record_text(from, texts[i].from));
	if (from->fields[OBJECT_COLUMN_STATE].present)
		record_set_enum(to, NEIGHBOUR_COLUMN_STATE,
				(unsigned)record_number(from, OBJECT_COLUMN_STATE));
	record_set_number(to, NEIGHBOUR_COLUMN_OBJECT, record_number(from, OBJECT_COLUMN_OBJECT));
	record_set_number(to, NEIGHBOUR_COLUMN_OBJECT_SIZE,
			  record_number(from, OBJECT_COLUMN_OBJECT_SIZE));
	if (from->fields[OBJECT_COLUMN_TRACKS].present)
		record_set_records(to, NEIGHBOUR_COLUMN_TRACKS,
				   from->fields[OBJECT_COLUMN_TRACKS].records);
}

static struct dill_error *set_before(struct inquiry *inquiry, const struct finding *finding,
				     struct dill_record *record)
{
	struct dill_record *answer, *neighbour = record_new(inquiry->arena, &neighbour_kind);
	struct record_list list = {0};
	dill_virt slot, start;
	struct role role = {0};

	if (!neighbour)
		return error_no_memory();
	if (is_behind_object(finding))
		return NULL;
	TRY(slot_of(inquiry, finding, &slot));
	if (!slot)
		return NULL;
	TRY(inquire(inquiry, slot - 1, &answer, &start));
	if (!answer->fields[OBJECT_COLUMN_OBJECT].present)
		return NULL;
	copy_neighbour(answer, neighbour);
	TRY(role_find(inquiry->heap, &inquiry->survey->all, start, &role));
	record_set_text(neighbour, NEIGHBOUR_COLUMN_ROLE_TEXT,
			role_text(&role, NULL, inquiry->arena));
	record_list_append(&list, neighbour);
	record_set_records(record, FINDING_COLUMN_BEFORE, list);
	return NULL;
}

/* Who used the object that the finding is about. */
static struct dill_error *set_tracks(struct inquiry *inquiry, const struct finding *finding,
				     struct dill_record *record)
{
	struct findings untold = FINDINGS_MUTED;
	struct reading reading =
		reading_start(inquiry->heap, CONTENTS_COUNTS, inquiry->arena, &untold);
	struct record_list list = {0};
	struct track allocated, freed;
	struct located located;

	if (!finding->object)
		return NULL;
	TRY(heap_locate(inquiry->heap, &inquiry->survey->all, finding->object, &untold, &located));
	if (!located.in_slot)
		return NULL;
	reading = reading_of(&reading, located.cache);
	TRY(tracks_read(&reading, located.object, &allocated, &freed));
	TRY(track_append(inquiry->kernel, inquiry->arena, EVENT_ALLOC, &allocated, &list));
	TRY(track_append(inquiry->kernel, inquiry->arena, EVENT_FREE, &freed, &list));
	if (list.count)
		record_set_records(record, FINDING_COLUMN_TRACKS, list);
	return NULL;
}

static struct dill_error *set_word(struct inquiry *inquiry, const struct finding *finding,
				   struct dill_record *record)
{
	const char *member;
	struct role role = {0};

	TRY(role_find(inquiry->heap, &inquiry->survey->all, finding->address, &role));
	TRY(role_member(inquiry->heap, &role, finding->address, inquiry->arena, &member));
	record_set_text(record, FINDING_COLUMN_WORD, role_text(&role, member, inquiry->arena));
	return NULL;
}

static struct dill_error *explain(struct inquiry *inquiry, const struct finding *finding,
				  struct dill_record *record)
{
	TRY(error_forgive(set_tracks(inquiry, finding, record)));
	TRY(error_forgive(set_word(inquiry, finding, record)));
	return error_forgive(set_before(inquiry, finding, record));
}

static struct dill_error *emit(struct command_call *call, struct inquiry *inquiry,
			       const struct finding *finding)
{
	struct dill_record *record = record_new(call->arena, &finding_record_kind);

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
	if (finding->object)
		record_set_number(record, FINDING_COLUMN_OBJECT, finding->object);
	if (finding->seen_byte_count)
		record_set_text(record, FINDING_COLUMN_SEEN_BYTES,
				bytes_text(finding, call->arena));
	if (finding->has_stored)
		record_set_number(record, FINDING_COLUMN_STORED, finding->stored);
	record_set_text(record, FINDING_COLUMN_STORED_TEXT, stored_text(finding, call->arena));
	if (finding->flipped_bits)
		record_set_number(record, FINDING_COLUMN_FLIPPED_BITS, finding->flipped_bits);
	if (finding->nearest)
		record_set_number(record, FINDING_COLUMN_NEAREST, finding->nearest);
	if (inquiry)
		TRY(explain(inquiry, finding, record));
	record_set_text(record, FINDING_COLUMN_TEXT, finding->text);
	return call->sink->emit(call->sink, record);
}

struct findings findings_new(const struct command_call *call)
{
	bool moves = target_moves(session_target(call->session));

	return (struct findings){.arena = call->arena,
				 .moving = moves ? "the system ran while it was read" : NULL};
}

/* What a running system's heap did not fit in is no corruption, but the answer is not exact. */
static void say_moved(const struct command_call *call, const struct findings *findings)
{
	size_t count = findings->remarks.count;

	if (findings->moving && count)
		target_log(session_target(call->session),
			   "%zu part%s of the heap did not fit together, as the system runs while "
			   "it is read; the first: %s",
			   count, plural(count), findings->remarks.first->text);
}

static struct dill_error *inquiry_init(struct command_call *call, struct survey *survey,
				       struct inquiry *ret)
{
	*ret = (struct inquiry){
		.kernel = survey->heap->kernel,
		.heap = survey->heap,
		.survey = survey,
		.arena = call->arena,
		.findings = survey->findings,
	};
	return objects_init(survey, call->arena, &ret->objects);
}

static struct dill_error *emit_all(struct command_call *call, struct survey *survey,
				   const struct findings *findings)
{
	bool was_muted = survey && survey->findings->muted;
	struct inquiry inquiry;
	struct dill_error *error = NULL;
	size_t number = 0;

	if (survey) {
		survey->findings->muted = true; /* looking closer finds nothing new */
		error = inquiry_init(call, survey, &inquiry);
	}
	for (const struct finding *it = findings->first; it && !error; it = it->next)
		error = emit(call, survey && number++ < FINDINGS_EXPLAINED ? &inquiry : NULL, it);
	if (survey)
		survey->findings->muted = was_muted;
	return error;
}

struct dill_error *findings_emit(struct command_call *call, struct survey *survey,
				 const struct findings *findings)
{
	say_moved(call, findings);
	if (findings->first)
		TRY(emit_all(call, survey, findings));
	if (findings->count > findings->kept) {
		struct dill_record *record = record_new(call->arena, &finding_record_kind);

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

static struct dill_error *emit_gap(struct command_call *call, const char *file, const char *why,
				   const char *text)
{
	struct dill_record *record = record_new(call->arena, &gap_kind);

	if (!record || !text)
		return error_no_memory();
	record_set_text(record, GAP_COLUMN_WHY, why);
	record_set_text(record, GAP_COLUMN_FILE, file);
	record_set_text(record, GAP_COLUMN_TEXT, text);
	return call->sink->emit(call->sink, record);
}

struct dill_error *gap_emit(struct command_call *call, const char *file, const char *why)
{
	if (!why)
		return NULL;
	return emit_gap(call, file, why,
			arena_format(call->arena,
				     "objects on no list are unknown, as they may be live, or "
				     "freed and in %s, which could not be read",
				     why));
}

struct dill_error *doubt_emit(struct command_call *call, const char *file, const char *doubt)
{
	if (!doubt)
		return NULL;
	return emit_gap(
		call, file, doubt,
		arena_format(call->arena, "sites may be those of former owners: %s", doubt));
}

struct dill_error *survey_emit(struct command_call *call, struct survey *survey,
			       const struct findings *findings)
{
	TRY(gap_emit(call, NULL, survey_why(survey)));
	return findings_emit(call, survey, findings);
}
