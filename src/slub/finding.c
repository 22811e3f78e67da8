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
		[FINDING_SHEAF] = "sheaf",
		[FINDING_SHEAF_OBJECT] = "sheaf_object",
		[FINDING_OBJECT_TWICE] = "object_twice",
		[FINDING_SLAB_TOTAL] = "slab_total",
		[FINDING_WAITING] = "waiting",
		[FINDING_SYSFS] = "sysfs",
		[FINDING_TRACK] = "track",
	};

	return names[kind];
}

DILL_PRINTF(5, 0)
static struct finding *add(struct findings *findings, enum finding_kind kind,
			   const struct finding_place *place, uint64_t address, const char *format,
			   va_list arguments)
{
	char text[256];

	findings->count++;
	if (findings->kept == FINDINGS_LIMIT)
		return NULL;
	vsnprintf(text, sizeof(text), format, arguments);

	struct finding *finding = arena_alloc(findings->arena, sizeof(*finding));
	const char *copy = arena_format(findings->arena, "%s", text);

	if (!finding || !copy)
		return NULL; /* still counted: the exit status stays right */
	*finding =
		(struct finding){.kind = kind, .place = *place, .address = address, .text = copy};
	if (findings->last)
		findings->last->next = finding;
	else
		findings->first = finding;
	findings->last = finding;
	findings->kept++;
	return finding;
}

void findings_add(struct findings *findings, enum finding_kind kind,
		  const struct finding_place *place, uint64_t address, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	add(findings, kind, place, address, format, arguments);
	va_end(arguments);
}

void findings_add_values(struct findings *findings, enum finding_kind kind,
			 const struct finding_place *place, uint64_t address, uint64_t expected,
			 uint64_t seen, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	struct finding *finding = add(findings, kind, place, address, format, arguments);
	va_end(arguments);
	if (!finding)
		return;
	finding->has_values = true;
	finding->expected = expected;
	finding->seen = seen;
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
