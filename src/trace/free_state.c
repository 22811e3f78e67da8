/* SPDX-License-Identifier: MIT */
#include "trace/free_state.h"

#include "slub/object.h"

static bool is_free_at(const struct place *place, dill_virt except)
{
	enum object_state state = place_state(place->kind);

	return (state == OBJECT_CACHED || state == OBJECT_FREE) &&
	       (!except || place->container != except);
}

static struct dill_error *ask(struct heap *heap, dill_virt object, dill_virt except,
			      struct findings *findings, struct survey *survey, bool *ret)
{
	struct object_answer answer;
	struct located located;
	struct objects objects;

	TRY(kernel_refresh(heap->kernel));
	TRY(survey_init(heap, findings->arena, findings, survey));
	TRY(objects_init(survey, findings->arena, &objects));
	TRY(heap_locate(heap, &survey->all, object, findings, &located));
	if (!located.in_slot)
		return NULL;
	TRY(object_find(&objects, &located, findings, &answer));
	*ret = is_free_at(&answer.place, except) || is_free_at(&answer.another, except);
	return NULL;
}

struct dill_error *free_state_read(struct heap *heap, dill_virt object, dill_virt except, bool *ret)
{
	struct survey survey = {0};
	struct findings findings = {0};
	struct dill_error *error;

	*ret = false;
	TRY(arena_new(&findings.arena));
	kernel_forget(heap->kernel);
	error = ask(heap, object, except, &findings, &survey, ret);
	survey_deinit(&survey);
	arena_free(findings.arena);
	return error_forgive(error);
}
