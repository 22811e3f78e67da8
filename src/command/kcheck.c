/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>

#include "answer/check_record.h"
#include "base/array.h"
#include "base/plural.h"
#include "command/choose.h"
#include "command/fill_finding.h"
#include "command/registry.h"
#include "command/session.h"
#include "slub/advice.h"
#include "slub/check.h"
#include "slub/survey.h"

/* Caches by what can be checked of them. */
struct coverage {
	struct check_counts counts;
	size_t caches;
	size_t unusable;
	size_t no_bytes;  /* without red zones, poison and padding */
	size_t no_poison; /* with POISON, but without poison in their objects */
	size_t kasan;
	size_t unknown;	   /* of a kernel without types: there may be more that could be checked */
	size_t incomplete; /* where an object that is on no list need not be live */
	const char *why;   /* of the first of these */
};

/* Sentences of the summary. */
typedef ARRAY(const char *) texts;

/* --- one cache --- */

static void cover(struct heap *heap, const struct cache *cache, const struct cache_map *map,
		  struct coverage *coverage)
{
	struct byte_checks checks;
	bool poison = cache->flags & layout_flag(&heap->layout, "POISON");

	byte_checks_get(heap, cache, &checks);
	coverage->caches++;
	coverage->counts.slabs += map->count;
	for (size_t i = 0; i < map->count; i++)
		coverage->counts.objects += map->slabs[i].slab.objects;
	coverage->kasan += checks.kasan;
	coverage->unknown += checks.unknown;
	coverage->no_bytes += !byte_checks_any(&checks) && !checks.kasan && !checks.unknown;
	coverage->no_poison += poison && !checks.poison && !checks.kasan &&
			       layout_flag(&heap->layout, "OBJECT_POISON");
	if (map->incomplete && !coverage->incomplete++)
		coverage->why = map->why;
}

static struct dill_error *check_cache(struct survey *survey, const struct cache *cache,
				      struct arena *arena, struct coverage *coverage)
{
	struct contents contents;
	struct cache_map map;

	if (!cache->usable) { /* reading it has said why */
		coverage->unusable++;
		return NULL;
	}
	TRY(survey_map(survey, cache, arena, &contents, &map));
	lists_check(survey->heap, &contents, survey->findings);
	standing_check(survey->heap, &map, survey->findings);
	TRY(bytes_check(survey->heap, &contents, &map, survey->findings, &coverage->counts));
	TRY(shadow_check(survey->heap, &map, survey->findings, &coverage->counts));
	cover(survey->heap, cache, &map, coverage);
	return NULL;
}

static struct dill_error *check_caches(struct survey *survey, const struct cache_list *caches,
				       struct coverage *coverage)
{
	_cleanup_(arena_freep)
	struct arena *arena = NULL;

	TRY(arena_new(&arena));
	for (size_t i = 0; i < caches->count; i++) {
		TRY(target_check_interrupt(kernel_target(survey->heap->kernel)));
		TRY(check_cache(survey, &caches->items[i], arena, coverage));
		arena_reset(arena);
	}
	return NULL;
}

/* --- the summary --- */

DILL_PRINTF(3, 4)
static struct dill_error *add_text(texts *list, struct arena *arena, const char *format, ...)
{
	char text[512];
	va_list arguments;
	const char *copy;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	copy = arena_format(arena, "%s", text);
	return copy ? array_push(list, copy) : error_no_memory();
}

static struct dill_error *add_remark(const struct finding *remark, struct arena *arena, texts *list)
{
	const struct finding_place *place = &remark->place;
	char where[64] = "";

	if (place->cpu >= 0)
		snprintf(where, sizeof(where), "CPU %d: ", place->cpu);
	else if (place->node >= 0)
		snprintf(where, sizeof(where), "node %d: ", place->node);
	return add_text(list, arena, "%s%s%s%s (%s)", place->cache ? place->cache : "",
			place->cache ? ": " : "", where, remark->text, place->moving);
}

static struct dill_error *list_motion(const struct findings *findings, struct arena *arena,
				      texts *list)
{
	const struct finding_list *remarks = &findings->remarks;

	for (const struct finding *it = remarks->first; it; it = it->next)
		TRY(add_remark(it, arena, list));
	if (remarks->count > remarks->kept)
		TRY(add_text(list, arena, "%zu more remarks are not shown",
			     remarks->count - remarks->kept));
	return NULL;
}

/* "N caches: why" when there are any. */
static struct dill_error *add_count(texts *list, struct arena *arena, uint64_t count,
				    const char *noun, const char *why)
{
	return count ? add_text(list, arena, "%lu %s%s: %s", (unsigned long)count, noun,
				plural(count), why)
		     : NULL;
}

static struct dill_error *list_gaps(const struct survey *survey, const struct coverage *coverage,
				    struct arena *arena, texts *list)
{
	const struct check_counts *counts = &coverage->counts;

	TRY(add_count(list, arena, coverage->unusable, "cache",
		      "their sizes make no sense, see above"));
	TRY(add_count(list, arena, coverage->no_bytes, "cache",
		      arena_format(arena, "no red zones and no poison: to have them, %s",
				   advice_slab_debug(survey->heap, "ZP", arena))));
	TRY(add_count(
		list, arena, coverage->unknown, "cache",
		"types tell what more there is in and behind their objects: " KERNEL_NO_TYPES));
	TRY(add_count(list, arena, coverage->no_poison, "cache",
		      "no poison, as objects are constructed or outlive their free "
		      "(TYPESAFE_BY_RCU)"));
	TRY(add_count(list, arena, coverage->kasan, "cache",
		      "KASAN keeps its own data where poison and padding would be"));
	TRY(add_count(list, arena, counts->unknown_objects, "object",
		      "on no list, and a list that could hold them is broken or unreadable"));
	TRY(add_count(list, arena, counts->moving_slabs, "slab",
		      "the bytes around their objects: on their way between lists"));
	TRY(add_count(list, arena, counts->disabled_slabs, "slab",
		      "the kernel has found them broken before, and put them out of use"));
	TRY(add_count(list, arena, counts->unread_slabs, "slab", "their memory could not be read"));
	TRY(add_count(list, arena, survey->scan.unreadable, "page",
		      "their struct pages could not be read: full slabs may be among them"));
	if (coverage->incomplete)
		TRY(add_text(list, arena, "whether all objects that are on no list are live: %s",
			     coverage->why));
	return NULL;
}

static struct dill_error *emit_summary(struct command_call *call, const struct survey *survey,
				       const struct coverage *coverage)
{
	struct dill_record *record = record_new(call->arena, &check_kind);
	texts motion = {0}, gaps = {0};
	struct dill_error *error;

	if (!record)
		return error_no_memory();
	error = list_motion(survey->findings, call->arena, &motion);
	if (!error)
		error = list_gaps(survey, coverage, call->arena, &gaps);
	record_set_number(record, CHECK_COLUMN_CACHES, coverage->caches);
	record_set_number(record, CHECK_COLUMN_SLABS, coverage->counts.slabs);
	record_set_number(record, CHECK_COLUMN_OBJECTS, coverage->counts.objects);
	record_set_number(record, CHECK_COLUMN_BYTE_OBJECTS, coverage->counts.byte_objects);
	if (survey->heap->kasan_shadow)
		record_set_number(record, CHECK_COLUMN_SHADOW_OBJECTS,
				  coverage->counts.shadow_objects);
	record_set_number(record, CHECK_COLUMN_FINDINGS, survey->findings->count);
	record_set_texts(record, CHECK_COLUMN_IN_MOTION, motion.items, motion.count);
	record_set_texts(record, CHECK_COLUMN_NOT_CHECKED, gaps.items, gaps.count);
	if (!error)
		error = call->sink->emit(call->sink, record);
	array_free(&motion);
	array_free(&gaps);
	return error;
}

static struct dill_error *run(struct command_call *call)
{
	const char *pattern = call->argument_count ? call->arguments[0] : NULL;
	struct findings findings = findings_new(call);
	struct coverage coverage = {0};
	_cleanup_(survey_deinitp)
	struct survey survey = {0};
	struct cache_list chosen;
	struct heap *heap;

	TRY(session_heap(call->session, &heap));
	TRY(survey_init(heap, call->arena, &findings, &survey));
	TRY(survey_scan(&survey, &survey.all));
	if (pattern)
		TRY(survey_choose(&survey, pattern, CHOOSE_ALL, call->arena, &chosen));
	TRY(check_caches(&survey, pattern ? &chosen : &survey.all, &coverage));
	if (!pattern)
		lost_slabs_check(heap, &survey.scan, &findings);
	TRY(findings_emit(call, &survey, &findings));
	return emit_summary(call, &survey, &coverage);
}

static const struct dill_record_kind *const kinds[] = {&finding_record_kind, &check_kind, NULL};

const struct command kcheck_command = {
	.name = "kcheck",
	.summary = "Check slab caches for corruption",
	.help = "Examine all caches, or those that CACHE names (a name or a glob): the freelist of "
		"every slab, every\n"
		"CPU's and node's lists and sheaves, and the kernel's counters. A freelist that "
		"leaves its slab or turns\n"
		"in a circle, an object that is free in two places, a slab of another cache on a "
		"list, counters that\n"
		"disagree: each is one finding, with the address, what was expected and what was "
		"there.\n"
		"\n"
		"Where the kernel runs with slab_debug (slub_debug before 6.8), the red zones "
		"around "
		"each object, the\n"
		"poison in free objects and the padding of slabs are checked too, and a finding "
		"names who allocated\n"
		"and who freed the object.\n"
		"\n"
		"On a kernel with KASAN the shadow of every object is compared with the list that "
		"the object is on.\n"
		"\n"
		"What a CPU was stopped changing may be half changed: that is said, but is no "
		"finding. So is what could\n"
		"not be checked. The status is 0 without findings, 1 with them.\n"
		"\n"
		"Examples:\n"
		"  kcheck\n"
		"  kcheck kmalloc-64\n"
		"  kcheck 'kmalloc-*' --json\n",
	.arguments = {{"CACHE", ARGUMENT_CACHE, .optional = true}},
	.needs_target = true,
	.kinds = kinds,
	.run = run,
};
