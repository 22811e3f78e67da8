/* SPDX-License-Identifier: MIT */
#include "slub/survey.h"

#include "slub/again.h"
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
	struct again again = again_start(survey->heap, survey->findings);

	do {
		TRY(contents_read(survey->heap, cache, 1, CONTENTS_FREELISTS, arena,
				  survey->findings, ret_contents));
		TRY(cache_map_make(survey->heap, ret_contents, &survey->waiting, &survey->scan,
				   arena, survey->findings, ret_map));
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
