/* SPDX-License-Identifier: MIT */
/* What is learnt from objects whose types are known: where vague pointers lead, and what a site
 * makes. */
#include "graph/typing_private.h"

/* A pointer of this kind must have led to the same type as often before it says something. */
#define HABIT_SEEN_MIN 5u

struct dill_error *typing_note_vague(struct typing_work *work, const struct vague *vague)
{
	return array_push(&work->vague, *vague);
}

/* --- habits --- */

static struct dill_error *learn(struct typing_work *work, const struct vague *vague)
{
	const struct typed *typed = &work->typing->objects[vague->clue.to];
	struct habit fresh = {typed->type, vague->clue.delta, 0};
	struct habit *habit;
	uint64_t at;

	if (typed->trust < TYPE_LIKELY || typed->source == TYPE_FROM_HABIT || !typed->type)
		return NULL;
	if (!number_map_get(&work->habit_of, vague->key, &at)) {
		at = work->habits.count;
		TRY(array_push(&work->habits, fresh));
		TRY(number_map_put(&work->habit_of, vague->key, at));
	}
	habit = &work->habits.items[at];
	habit->seen++;
	if (habit->type != typed->type || habit->delta != vague->clue.delta)
		habit->type = 0;
	return NULL;
}

static struct dill_error *apply(struct typing_work *work, const struct vague *vague,
				size_t *ret_new)
{
	const struct typed *typed = &work->typing->objects[vague->clue.to];
	const struct habit *habit;
	struct clue clue = vague->clue;
	uint64_t at;

	if (typed->trust >= TYPE_LIKELY || !number_map_get(&work->habit_of, vague->key, &at))
		return NULL;
	habit = &work->habits.items[at];
	if (!habit->type || habit->seen < HABIT_SEEN_MIN || habit->delta != clue.delta)
		return NULL;
	clue.part = habit->type;
	clue.delta = 0;
	clue.source = TYPE_FROM_HABIT;
	clue.most = TYPE_LIKELY;
	TRY(typing_take(work, &clue));
	*ret_new += typed->trust >= TYPE_LIKELY;
	return NULL;
}

struct dill_error *typing_by_habits(struct typing_work *work, size_t *ret_new)
{
	size_t count = work->vague.count;

	number_map_deinit(&work->habit_of);
	work->habit_of = (struct number_map){0};
	work->habits.count = 0;
	for (size_t i = 0; i < count; i++)
		TRY(learn(work, &work->vague.items[i]));
	for (size_t i = 0; i < count; i++) {
		struct vague vague = work->vague.items[i];

		TRY(apply(work, &vague, ret_new));
	}
	return NULL;
}

/* --- sites --- */

/* What a site has made, as far as it is known. */
struct made {
	type_id type; /* 0 = nothing, or this and that */
	bool mixed;
	graph_index object; /* one of that type */
};

static void look_at_sites(const struct typing_work *work, struct made *made)
{
	for (graph_index i = 0; i < graph_count(work->graph); i++) {
		const struct typed *typed = &work->typing->objects[i];
		struct made *site = &made[work->graph->objects.items[i].site];

		if (typed->trust < TYPE_LIKELY || typed->source == TYPE_FROM_SITE || typed->against)
			continue;
		site->mixed |= !typed->type || (site->type && site->type != typed->type);
		site->type = typed->type;
		site->object = i;
	}
}

struct dill_error *typing_by_sites(struct typing_work *work, size_t *ret_new)
{
	const struct graph *graph = work->graph;
	_cleanup_(freep)
	struct made *made = calloc(graph->sites.count, sizeof(*made));

	if (!made)
		return error_no_memory();
	look_at_sites(work, made);
	for (graph_index i = 0; i < graph_count(graph); i++) {
		const struct made *site = &made[graph->objects.items[i].site];
		struct clue clue = {.from = site->object,
				    .to = i,
				    .part = site->type,
				    .source = TYPE_FROM_SITE,
				    .most = TYPE_LIKELY};

		if (!graph->objects.items[i].site || !site->type || site->mixed ||
		    work->typing->objects[i].trust >= TYPE_LIKELY || !graph_is_node(graph, i))
			continue;
		TRY(typing_take(work, &clue));
		*ret_new += work->typing->objects[i].trust >= TYPE_LIKELY;
	}
	return NULL;
}
