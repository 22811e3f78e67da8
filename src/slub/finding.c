/* SPDX-License-Identifier: MIT */
#include "slub/finding.h"

#include <stdarg.h>
#include <stdio.h>

const char *finding_kind_name(enum finding_kind kind)
{
	static const char *const names[] = {
		[FINDING_FREELIST_CYCLE] = "freelist_cycle",
		[FINDING_FREELIST_OUTSIDE] = "freelist_outside",
		[FINDING_FREELIST_MISALIGNED] = "freelist_misaligned",
		[FINDING_FREELIST_COUNT] = "freelist_count",
		[FINDING_SLAB_COUNTERS] = "slab_counters",
		[FINDING_SLAB_MARK] = "slab_mark",
		[FINDING_SLAB_CACHE] = "slab_cache",
		[FINDING_SLAB_STATE] = "slab_state",
		[FINDING_LIST_BROKEN] = "list_broken",
		[FINDING_LIST_CYCLE] = "list_cycle",
		[FINDING_LIST_COUNT] = "list_count",
		[FINDING_POINTER] = "pointer",
		[FINDING_UNREADABLE] = "unreadable",
		[FINDING_CACHE] = "cache",
		[FINDING_CACHE_LEFT] = "cache_left",
		[FINDING_SHEAF] = "sheaf",
		[FINDING_SHEAF_OBJECT] = "sheaf_object",
		[FINDING_OBJECT_TWICE] = "object_twice",
		[FINDING_SLAB_TOTAL] = "slab_total",
		[FINDING_WAITING] = "waiting",
		[FINDING_SYSFS] = "sysfs",
		[FINDING_TRACK] = "track",
		[FINDING_RED_ZONE] = "red_zone",
		[FINDING_POISON] = "poison",
		[FINDING_PADDING] = "padding",
		[FINDING_STATE] = "state",
	};

	return names[kind];
}

static void append(struct finding_list *list, struct finding *finding)
{
	finding->next = NULL;
	if (list->last)
		list->last->next = finding;
	else
		list->first = finding;
	list->last = finding;
	list->kept++;
}

/* The findings proper as a list. */
static struct finding_list proper(const struct findings *findings)
{
	return (struct finding_list){findings->first, findings->last, findings->count,
				     findings->kept};
}

static void set_proper(struct findings *findings, const struct finding_list *list)
{
	findings->first = list->first;
	findings->last = list->last;
	findings->count = list->count;
	findings->kept = list->kept;
}

DILL_PRINTF(4, 0)
static struct finding *make(struct findings *findings, enum finding_kind kind,
			    const struct finding_place *place, const char *format,
			    va_list arguments)
{
	char text[256];

	vsnprintf(text, sizeof(text), format, arguments);

	struct finding *finding = arena_alloc(findings->arena, sizeof(*finding));
	const char *copy = arena_format(findings->arena, "%s", text);

	if (!finding || !copy)
		return NULL; /* still counted: the exit status stays right */
	*finding = (struct finding){.kind = kind, .place = *place, .text = copy};
	return finding;
}

DILL_PRINTF(5, 0)
static struct finding *add(struct findings *findings, enum finding_kind kind,
			   const struct finding_place *place, uint64_t address, const char *format,
			   va_list arguments)
{
	struct finding_place here = *place;
	struct finding_list list;
	struct finding *finding = NULL;

	if (findings->muted) {
		findings->untold++;
		return NULL;
	}
	if (findings->moving)
		here.moving = findings->moving;
	list = here.moving ? findings->remarks : proper(findings);
	list.count++;
	if (list.kept < FINDINGS_LIMIT)
		finding = make(findings, kind, &here, format, arguments);
	if (finding) {
		finding->address = address;
		append(&list, finding);
	}
	if (here.moving)
		findings->remarks = list;
	else
		set_proper(findings, &list);
	return finding;
}

struct finding *findings_add(struct findings *findings, enum finding_kind kind,
			     const struct finding_place *place, uint64_t address,
			     const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	struct finding *finding = add(findings, kind, place, address, format, arguments);
	va_end(arguments);
	return finding;
}

struct finding *findings_add_values(struct findings *findings, enum finding_kind kind,
				    const struct finding_place *place, uint64_t address,
				    uint64_t expected, uint64_t seen, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	struct finding *finding = add(findings, kind, place, address, format, arguments);
	va_end(arguments);
	if (!finding)
		return NULL;
	finding->has_expected = finding->has_seen = true;
	finding->expected = expected;
	finding->seen = seen;
	return finding;
}

struct finding *findings_add_seen(struct findings *findings, enum finding_kind kind,
				  const struct finding_place *place, uint64_t address,
				  uint64_t seen, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	struct finding *finding = add(findings, kind, place, address, format, arguments);
	va_end(arguments);
	if (!finding)
		return NULL;
	finding->has_seen = true;
	finding->seen = seen;
	return finding;
}

void finding_set_stored(struct finding *finding, uint64_t stored)
{
	if (!finding)
		return;
	finding->has_stored = true;
	finding->stored = stored;
}

void finding_set_flips(struct finding *finding, unsigned bits)
{
	if (finding && bits <= 2)
		finding->flipped_bits = bits;
}

void finding_set_pointer(struct finding *finding)
{
	if (!finding || !finding->has_seen)
		return;
	finding_set_stored(finding, finding->seen);
	if (finding->has_expected)
		finding_set_flips(
			finding, (unsigned)__builtin_popcountll(finding->expected ^ finding->seen));
}

void findings_copy(struct findings *findings, const struct finding *finding)
{
	struct finding *copy = findings_add(findings, finding->kind, &finding->place,
					    finding->address, "%s", finding->text);
	const char *text;
	struct finding_place place;

	if (!copy)
		return;
	text = copy->text; /* the other list's arena need not live as long */
	place = copy->place;
	*copy = *finding;
	copy->text = text;
	copy->place = place;
	copy->next = NULL;
}

struct findings_mark findings_mark(const struct findings *findings)
{
	return (struct findings_mark){findings->last, findings->count, findings->kept,
				      findings->remarks, findings->untold};
}

size_t findings_since(const struct findings *findings, struct findings_mark mark)
{
	return findings->count - mark.count + findings->remarks.count - mark.remarks.count +
	       findings->untold - mark.untold;
}

void findings_drop(struct findings *findings, struct findings_mark mark)
{
	struct finding_list list = {mark.last ? findings->first : NULL, mark.last, mark.count,
				    mark.kept};

	set_proper(findings, &list);
	findings->remarks = mark.remarks;
	findings->untold = mark.untold;
	if (mark.last)
		mark.last->next = NULL;
	if (mark.remarks.last)
		mark.remarks.last->next = NULL;
}

void findings_excuse(struct findings *findings, struct findings_mark mark, const char *moving)
{
	struct finding *next = mark.last ? mark.last->next : findings->first;

	findings->remarks.count += findings->count - mark.count;
	findings->count = mark.count;
	findings->kept = mark.kept;
	findings->last = mark.last;
	if (mark.last)
		mark.last->next = NULL;
	else
		findings->first = NULL;
	while (next) {
		struct finding *finding = next;

		next = finding->next;
		finding->place.moving = moving;
		if (findings->remarks.kept < FINDINGS_LIMIT)
			append(&findings->remarks, finding);
	}
}

struct dill_error *findings_absorb(struct findings *findings, const struct finding_place *place,
				   struct dill_error *error)
{
	if (!error || error_is_fatal(error))
		return error;
	findings_add(findings, FINDING_UNREADABLE, place, dill_error_address(error), "%s",
		     dill_error_text(error));
	dill_error_free(error);
	return NULL;
}

struct dill_error *findings_absorb_at(struct findings *findings, const struct finding_place *place,
				      uint64_t slot, uint64_t pointer, struct dill_error *error)
{
	if (!slot || !error || error_is_fatal(error))
		return findings_absorb(findings, place, error);
	finding_set_pointer(findings_add_seen(findings, FINDING_UNREADABLE, place, slot, pointer,
					      "%s", dill_error_text(error)));
	dill_error_free(error);
	return NULL;
}
