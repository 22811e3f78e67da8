/* SPDX-License-Identifier: MIT */
#include "slub/survey.h"

#include <string.h>

#include "base/array.h"
#include "slub/again.h"
#include "slub/cpu_slabs.h"
#include "slub/encoding.h"
#include "slub/kasan.h"
#include "slub/kfence.h"
#include "slub/loose_sheaf.h"
#include "slub/selfcheck.h"

struct dill_error *survey_init_named(struct heap *heap, const char *name, struct arena *arena,
				     struct findings *findings, struct survey *ret)
{
	*ret = (struct survey){.heap = heap, .arena = arena, .findings = findings};
	TRY(kfence_load(heap));
	TRY(name ? caches_read_named(heap, name, arena, findings, &ret->all)
		 : caches_read(heap, arena, findings, &ret->all));
	TRY(self_check_require(heap, &ret->all));
	TRY(kasan_load(heap, &ret->all));
	TRY(encoding_learn(heap, &ret->all));
	return waiting_read(heap, &ret->all, arena, findings, &ret->waiting);
}

struct dill_error *survey_init(struct heap *heap, struct arena *arena, struct findings *findings,
			       struct survey *ret)
{
	return survey_init_named(heap, NULL, arena, findings, ret);
}

void survey_deinit(struct survey *survey)
{
	slab_scan_deinit(&survey->scan);
}

struct dill_error *survey_scan(struct survey *survey, const struct cache_list *chosen)
{
	if (survey->scanned_all)
		return NULL;
	slab_scan_deinit(&survey->scan);
	if (survey->heap->layout.cache_cpu_sheaves.present)
		chosen = &survey->all;
	TRY(slabs_scan(survey->heap, chosen, &survey->all, &survey->scan));
	survey->scanned_all = chosen == &survey->all;
	if (!survey->heap->layout.cache_cpu_sheaves.present)
		return NULL;
	return loose_sheaves_find(survey->heap, &survey->all, &survey->scan, survey->arena,
				  survey->findings, &survey->waiting);
}

struct dill_error *survey_map(struct survey *survey, const struct cache *cache, struct arena *arena,
			      struct contents *ret_contents, struct cache_map *ret_map)
{
	_cleanup_(again_end)
	struct again again = again_start(survey->heap, survey->findings);
	const struct reading reading =
		reading_start(survey->heap, CONTENTS_FREELISTS, arena, survey->findings);

	do {
		TRY(contents_read(&reading, cache, 1, ret_contents));
		TRY(cache_map_make(&reading, ret_contents, &survey->waiting, &survey->scan,
				   ret_map));
	} while (again_needed(&again));
	return NULL;
}

const char *survey_why(const struct survey *survey)
{
	if (survey->waiting.incomplete)
		return survey->waiting.why;
	/* Without a scan nothing is counted by it. */
	return survey->scan.pages_seen && !survey->scan.complete
		       ? "struct pages that could not be read"
		       : NULL;
}

void survey_count(const struct survey *survey, const struct contents *contents,
		  struct state_counts *ret)
{
	bool complete = !contents->incomplete && !survey->waiting.incomplete;
	uint64_t freed, rest;

	*ret = (struct state_counts){0};
	ret->counts[OBJECT_CACHED] = contents->cached;
	ret->counts[OBJECT_FREE] = contents->free;
	ret->counts[OBJECT_WAITING] = contents->rcu_sheaves;
	for (size_t i = 0; i < survey->waiting.count; i++)
		if (survey->waiting.items[i].cache == contents->cache->address)
			ret->counts[place_state(survey->waiting.items[i].kind)]++;
	freed = ret->counts[OBJECT_CACHED] + ret->counts[OBJECT_FREE] + ret->counts[OBJECT_WAITING];
	rest = contents->objects > freed ? contents->objects - freed : 0;
	ret->counts[complete ? OBJECT_LIVE : OBJECT_UNKNOWN] = rest;
}

/* --- what counting every object gives --- */

typedef ARRAY(dill_virt) address_array;

static struct dill_error *collect(void *context, dill_virt object, const struct place *place)
{
	address_array *objects = context;

	(void)place;
	return array_push(objects, object);
}

static int by_value(const void *a, const void *b)
{
	const dill_virt *one = a, *two = b;

	return (*one > *two) - (*one < *two);
}

/* Whether every object on a list of the cache is on no other one. */
static struct dill_error *are_distinct(const struct survey *survey, const struct contents *contents,
				       bool *ret)
{
	address_array objects = {0};
	struct dill_error *error = places_visit(contents, &survey->waiting, collect, &objects);

	if (objects.count)
		qsort(objects.items, objects.count, sizeof(*objects.items), by_value);
	*ret = true;
	for (size_t i = 1; i < objects.count && *ret; i++)
		*ret = objects.items[i] != objects.items[i - 1];
	array_free(&objects);
	return error;
}

/*
 * A slab that a CPU was taking from one list to another is on none. Where locks put their waiters
 * to sleep (PREEMPT_RT) any thread may have been preempted while it did so.
 */
static struct dill_error *ask_motion(struct survey *survey)
{
	struct kernel *kernel = survey->heap->kernel;
	const char *moving = NULL;

	survey->asked = true;
	survey->moves = survey->heap->layout.node_lock.form == LOCK_OWNER;
	for (unsigned cpu = 0; cpu < kernel_cpu_limit(kernel) && !survey->moves; cpu++) {
		if (!kernel_cpu_online(kernel, cpu))
			continue;
		TRY(cpu_slab_moves(survey->heap, NULL, cpu, &moving));
		survey->moves = moving;
	}
	return NULL;
}

/* Whether sums over the lists are the states of the objects. */
static struct dill_error *sums_do(struct survey *survey, const struct contents *contents, bool *ret)
{
	*ret = false;
	if (!contents->sound || contents->in_motion || survey->waiting.incomplete ||
	    survey->scanned_all) /* then looking costs no more */
		return NULL;
	if (!survey->asked)
		TRY(ask_motion(survey));
	return survey->moves ? NULL : are_distinct(survey, contents, ret);
}

/* Count what the map says; reading the contents has told what is wrong with them. */
static struct dill_error *count_map(struct survey *survey, const struct contents *contents,
				    struct state_counts *ret)
{
	_cleanup_(arena_freep)
	struct arena *arena = NULL;
	bool was_muted = survey->findings->muted;
	struct contents again;
	struct cache_map map;
	struct dill_error *error;

	TRY(arena_new(&arena));
	survey->findings->muted = true;
	/* What breaks one cache's sums mostly breaks those of all: memory is looked at once. */
	error = survey_scan(survey, &survey->all);
	if (!error)
		error = survey_map(survey, contents->cache, arena, &again, &map);
	survey->findings->muted = was_muted;
	if (!error)
		memcpy(ret->counts, map.counts, sizeof(ret->counts));
	return error;
}

struct dill_error *survey_states(struct survey *survey, const struct contents *contents,
				 struct state_counts *ret)
{
	bool do_sums;

	survey_count(survey, contents, ret);
	TRY(sums_do(survey, contents, &do_sums));
	return do_sums ? NULL : count_map(survey, contents, ret);
}
