/* SPDX-License-Identifier: MIT */
#include "slub/survey.h"

#include "slub/encoding.h"

struct dill_error *survey_init(struct heap *heap, struct arena *arena, struct findings *findings,
			       struct survey *ret)
{
	*ret = (struct survey){.heap = heap, .arena = arena, .findings = findings};
	TRY(caches_read(heap, arena, findings, &ret->all));
	TRY(encoding_learn(heap, &ret->all));
	return waiting_read(heap, &ret->all, arena, findings, &ret->waiting);
}

void survey_deinit(struct survey *survey)
{
	slab_scan_deinit(&survey->scan);
}

struct dill_error *survey_scan(struct survey *survey, const struct cache_list *chosen)
{
	slab_scan_deinit(&survey->scan);
	survey->chosen = *chosen;
	return slabs_scan(survey->heap, &survey->chosen, &survey->all, survey->findings,
			  &survey->scan);
}

struct dill_error *survey_map(struct survey *survey, const struct cache *cache, struct arena *arena,
			      struct contents *ret_contents, struct cache_map *ret_map)
{
	TRY(contents_read(survey->heap, cache, 1, CONTENTS_FREELISTS, arena, survey->findings,
			  ret_contents));
	return cache_map_make(survey->heap, ret_contents, &survey->waiting, &survey->scan, arena,
			      survey->findings, ret_map);
}

void survey_count(const struct survey *survey, const struct contents *contents,
		  struct state_counts *ret)
{
	uint64_t waiting = contents->rcu_sheaves, freed, rest;
	bool complete = !contents->incomplete && !survey->waiting.incomplete;

	for (size_t i = 0; i < survey->waiting.count; i++)
		waiting += survey->waiting.items[i].cache == contents->cache->address;
	*ret = (struct state_counts){0};
	ret->counts[OBJECT_CACHED] = contents->cached;
	ret->counts[OBJECT_FREE] = contents->free;
	ret->counts[OBJECT_WAITING] = waiting;
	freed = contents->cached + contents->free + waiting;
	rest = contents->objects > freed ? contents->objects - freed : 0;
	ret->counts[complete ? OBJECT_LIVE : OBJECT_UNKNOWN] = rest;
}
