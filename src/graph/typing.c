/* SPDX-License-Identifier: MIT */
#include "graph/typing.h"

#include <string.h>

#include "graph/cache_type.h"
#include "graph/typing_private.h"

/* Rounds of what takes all objects together: each names some more, from which pointers lead on. */
#define ROUNDS_MAX 16u

void typing_deinit(struct typing *typing)
{
	shapes_deinit(&typing->shapes);
	free(typing->objects);
	typing->objects = NULL;
	array_free(&typing->roots);
	array_free(&typing->pointers);
}

/* --- sizes --- */

/* Sizes of kmalloc()'s caches that are no powers of two, and the smallest one. */
static uint64_t kmalloc_below(uint64_t size)
{
	uint64_t below = 0;

	for (uint64_t power = 8; power < size; power *= 2)
		below = power;
	if (size > 96 && size <= 128)
		return 96;
	if (size > 192 && size <= 256)
		return 192;
	return below;
}

struct size_range typing_sizes(const struct graph *graph, graph_index object)
{
	const struct graph_object *item = &graph->objects.items[object];
	const struct graph_slab *slab = &graph->slabs.items[item->slab];
	uint64_t size = slab->object_size, less;

	if (item->requested)
		return (struct size_range){item->requested, item->requested};
	if (!slab->cache)
		return (struct size_range){size / 2 + 1, size};
	if (strstr(slab->cache->name, "kmalloc-"))
		return (struct size_range){kmalloc_below(size) + 1, size};
	/* A merged cache has the size of the largest of its users; aligned, these differ by less
	 * than a word (mm/slab_common.c find_mergeable()). */
	less = slab->cache->refcount > 1 ? (uint64_t)slab->cache->align + 7 : 0;
	return (struct size_range){size > less ? size - less : 1, size};
}

enum type_trust typing_fits(const struct size_range *sizes, const struct type_shape *shape)
{
	if (!shape->size || !shape->is_struct)
		return TYPE_UNKNOWN;
	if (shape->size > sizes->high)
		return shape->last < shape->size && shape->last <= sizes->high ? TYPE_LIKELY
									       : TYPE_UNKNOWN;
	if (shape->size >= sizes->low)
		return TYPE_CERTAIN;
	return shape->is_open ? TYPE_LIKELY : TYPE_UNKNOWN;
}

/* --- clues --- */

struct dill_error *typing_set(struct typing_work *work, const struct clue *clue, type_id type,
			      enum type_trust trust)
{
	struct typed *typed = &work->typing->objects[clue->to];

	typed->type = type;
	typed->source = (uint8_t)clue->source;
	typed->trust = (uint8_t)(trust < clue->most ? trust : clue->most);
	typed->from = clue->from;
	typed->word = clue->word;
	return type ? array_push(&work->queue, clue->to) : NULL;
}

/* Another pointer to an object whose type is known. */
static struct dill_error *compare(struct typing_work *work, const struct clue *clue,
				  const struct type_shape *part)
{
	struct typed *typed = &work->typing->objects[clue->to];
	const struct type_shape *shape;

	/* What may be something else contradicts nothing, nor do bytes, in which all types lie. */
	if (clue->most < TYPE_CERTAIN || !part->is_struct || !part->size || !typed->type)
		return NULL;
	TRY(shapes_get(&work->typing->shapes, typed->type, &shape));
	if (shape_has_part(shape, clue->part, clue->delta) || typed->against == UINT16_MAX)
		return NULL;
	if (!typed->against++) {
		typed->other = clue->from;
		typed->other_word = clue->word;
	}
	return NULL;
}

/* A pointer to pointers, or to characters. */
static struct dill_error *take_other(struct typing_work *work, const struct clue *clue)
{
	struct types *types = work->typing->types;
	const struct graph_object *object = &work->graph->objects.items[clue->to];
	struct clue text = *clue;
	struct type type, target;
	bool looks;

	if (clue->delta)
		return NULL;
	TRY(types_get(types, clue->part, &type));
	if (type.kind == TYPE_INT && type.encoding == INT_CHAR && object->flags & GRAPH_LETTERS) {
		text.source = TYPE_FROM_TEXT;
		return typing_set(work, &text, 0, TYPE_LIKELY);
	}
	if (type.kind != TYPE_POINTER)
		return NULL;
	TRY(types_strip(types, type.target, &target));
	if (target.kind != TYPE_STRUCT && target.kind != TYPE_UNION)
		return NULL;
	TRY(typing_looks_like(work, clue->to, clue->part, &looks));
	return looks ? typing_set(work, clue, clue->part, TYPE_LIKELY) : NULL;
}

struct dill_error *typing_take(struct typing_work *work, const struct clue *clue)
{
	const struct typed *typed = &work->typing->objects[clue->to];
	const struct size_range sizes = typing_sizes(work->graph, clue->to);
	const struct type_shape *shape;
	enum type_trust trust;

	TRY(shapes_get(&work->typing->shapes, clue->part, &shape));
	if (typed->trust >= TYPE_LIKELY)
		return compare(work, clue, shape);
	if (!shape->is_struct)
		return error_forgive(take_other(work, clue));
	if (!shape->size)
		return clue->delta ? NULL : typing_set(work, clue, clue->part, TYPE_LIKELY);
	if (shape->size + clue->delta > sizes.high && shape->last + clue->delta > sizes.high)
		return NULL;
	trust = clue->delta ? TYPE_UNKNOWN : typing_fits(&sizes, shape);
	if (trust != TYPE_UNKNOWN)
		return typing_set(work, clue, clue->part, trust);
	return array_push(&work->clues, *clue);
}

/* --- following pointers --- */

/* The neighbour on a list, or its head: where they are linked by a member of their own, one of the
 * same cache that is linked at the same place is of the same type. */
static struct dill_error *follow_link(struct typing_work *work, struct clue *clue,
				      const struct type_shape *shape, const struct shape_slot *slot,
				      bool is_whole)
{
	const struct graph *graph = work->graph;
	struct vague vague = {.key = (uint64_t)shape->type << 32 | slot->offset};
	type_id owner;

	TRY(shapes_canonical(&work->typing->shapes, slot->owner, &owner));
	if (is_whole && owner == shape->type && clue->delta == slot->link &&
	    graph_slab_of(graph, clue->to)->cache == graph_slab_of(graph, clue->from)->cache) {
		clue->part = shape->type;
		clue->delta = 0;
		clue->source = TYPE_FROM_LIST;
		clue->most = TYPE_LIKELY;
		return typing_take(work, clue);
	}
	vague.clue = *clue;
	return typing_note_vague(work, &vague);
}

/* Into the image: a variable there may lead back to the heap. */
static struct dill_error *follow_outside(struct typing_work *work, const struct type_shape *shape,
					 const struct shape_slot *slot, const struct clue *clue)
{
	dill_virt value = graph_outside_at(work->graph, clue->from, clue->word);
	type_id owner;

	if (!value || slot->is_alternative)
		return NULL;
	if (slot->kind == SLOT_POINTER)
		return slot->target ? typing_reach(work, value, slot->target, clue->most) : NULL;
	TRY(shapes_canonical(&work->typing->shapes, slot->owner, &owner));
	return owner == shape->type
		       ? typing_reach(work, value - slot->link, shape->type, TYPE_LIKELY)
		       : NULL;
}

static struct dill_error *follow_slot(struct typing_work *work, graph_index from,
				      const struct type_shape *shape, const struct shape_slot *slot,
				      uint64_t base)
{
	const struct typed *typed = &work->typing->objects[from];
	uint32_t word = (uint32_t)((base + slot->offset) / 8);
	const struct graph_edge *edge = graph_edge_at(work->graph, from, word);
	struct clue clue = {
		.from = from,
		.word = word,
		.part = slot->target,
		.source = TYPE_FROM_POINTER,
		.most = slot->is_alternative || typed->trust < TYPE_CERTAIN ? TYPE_LIKELY
									    : TYPE_CERTAIN,
	};

	if (!edge)
		return follow_outside(work, shape, slot, &clue);
	if (edge->to == from)
		return NULL;
	clue.to = edge->to;
	clue.delta = edge->delta;
	if (slot->kind == SLOT_LINK)
		return follow_link(work, &clue, shape, slot, !base);
	if (slot->target)
		return typing_take(work, &clue);

	struct vague vague = {(uint64_t)shape->type << 32 | slot->offset, clue};

	return typing_note_vague(work, &vague);
}

/* Whether what a pointer leads to may be all of the object, if it is of this type. */
static struct dill_error *may_be(struct typing_work *work, const struct graph_edge *edge,
				 type_id target, bool *ret)
{
	const struct size_range sizes = typing_sizes(work->graph, edge->to);
	const struct type_shape *shape;
	struct type type;

	*ret = false;
	if (!target || edge->delta)
		return NULL;
	TRY(shapes_get(&work->typing->shapes, target, &shape));
	if (shape->is_struct) {
		*ret = typing_fits(&sizes, shape) == TYPE_CERTAIN;
		return NULL;
	}
	TRY(error_forgive(types_get(work->typing->types, target, &type)));
	if (shape->slot_count)
		return typing_looks_like(work, edge->to, target, ret);
	*ret = type.kind == TYPE_INT && type.encoding == INT_CHAR &&
	       work->graph->objects.items[edge->to].flags & GRAPH_TEXT;
	return NULL;
}

/* Pointers of a union in one place, of which one only fits. */
static struct dill_error *follow_ambiguous(struct typing_work *work, graph_index from,
					   const struct type_shape *shape, size_t first, size_t end,
					   uint64_t base)
{
	uint32_t word = (uint32_t)((base + shape->slots[first].offset) / 8);
	const struct graph_edge *edge = graph_edge_at(work->graph, from, word);
	size_t fit = SIZE_MAX;

	for (size_t i = first; edge && i < end; i++) {
		bool fits;

		if (shape->slots[i].kind == SLOT_LINK)
			continue;
		TRY(may_be(work, edge, shape->slots[i].target, &fits));
		if (fits && fit != SIZE_MAX)
			return NULL;
		if (fits)
			fit = i;
	}
	return fit == SIZE_MAX ? NULL : follow_slot(work, from, shape, &shape->slots[fit], base);
}

static struct dill_error *follow_shape(struct typing_work *work, graph_index from,
				       const struct type_shape *shape, uint64_t base)
{
	size_t end;

	for (size_t i = 0; i < shape->slot_count; i = end) {
		const struct shape_slot *slot = &shape->slots[i];

		for (end = i + 1; slot->is_ambiguous && end < shape->slot_count &&
				  shape->slots[end].offset == slot->offset;
		     end++)
			;
		if (slot->is_ambiguous)
			TRY(follow_ambiguous(work, from, shape, i, end, base));
		else
			TRY(follow_slot(work, from, shape, slot, base));
	}
	return NULL;
}

/* All of an object: of an array each element. */
static struct dill_error *follow(struct typing_work *work, graph_index from)
{
	const struct typed *typed = &work->typing->objects[from];
	uint64_t end = typing_sizes(work->graph, from).high;
	bool begins = typed->trust == TYPE_BEGINS;
	const struct type_shape *shape, *each;
	uint64_t at;

	TRY(shapes_get(&work->typing->shapes, typed->type, &shape));
	TRY(follow_shape(work, from, shape, 0));
	if (begins || !shape->size)
		return NULL;
	each = shape->is_open ? shape->each : shape;
	at = shape->is_open ? shape->tail : shape->size;
	if (!each || !each->size || !each->slot_count)
		return NULL;
	for (; at + each->size <= end; at += each->size)
		TRY(follow_shape(work, from, each, at));
	return NULL;
}

static struct dill_error *drain(struct typing_work *work)
{
	TRY(typing_follow_variables(work));
	while (work->done < work->queue.count) {
		if (work->done % 4096 == 0)
			TRY(target_check_interrupt(
				kernel_target(work->graph->survey->heap->kernel)));
		TRY(follow(work, work->queue.items[work->done++]));
		TRY(typing_follow_variables(work));
	}
	return NULL;
}

/* --- beginning and end --- */

static struct dill_error *seed_caches(struct typing_work *work)
{
	const struct graph *graph = work->graph;
	struct heap *heap = graph->survey->heap;
	struct object_type found = {0};
	type_id type = 0;

	for (size_t i = 0; i < graph->slabs.count; i++) {
		const struct graph_slab *slab = &graph->slabs.items[i];

		if (slab->cache && (!i || slab->cache != slab[-1].cache)) {
			object_type_find(heap, slab->cache, &found);
			type = 0;
			if (found.types)
				TRY(shapes_canonical(&work->typing->shapes, found.type, &type));
		}
		for (uint32_t n = 0; slab->cache && type && n < slab->count; n++) {
			struct clue clue = {.from = GRAPH_NONE,
					    .to = slab->first + n,
					    .source = TYPE_FROM_CACHE,
					    .most = TYPE_CERTAIN};

			if (graph_is_node(graph, clue.to))
				TRY(typing_set(work, &clue, type, TYPE_CERTAIN));
		}
	}
	return NULL;
}

static struct dill_error *finish(struct typing_work *work)
{
	struct typing *typing = work->typing;

	TRY(typing_doubt(work));
	for (graph_index i = 0; i < graph_count(work->graph); i++) {
		struct typed *typed = &typing->objects[i];

		if (typed->trust == TYPE_UNKNOWN &&
		    work->graph->objects.items[i].flags & GRAPH_TEXT) {
			typed->source = TYPE_FROM_TEXT;
			typed->trust = TYPE_BEGINS;
		}
		if (state_in_use((enum object_state)work->graph->objects.items[i].state))
			typing->counts[typed->trust]++;
	}
	return NULL;
}

static struct dill_error *find_all(struct typing_work *work)
{
	TRY(seed_caches(work));
	TRY(typing_seed_roots(work));
	TRY(drain(work));
	for (unsigned round = 0; round < ROUNDS_MAX; round++) {
		size_t by_habits = 0, by_sites = 0, by_parts = 0;

		TRY(typing_by_habits(work, &by_habits));
		TRY(drain(work));
		TRY(typing_by_sites(work, &by_sites));
		TRY(drain(work));
		TRY(typing_by_parts(work, &by_parts));
		TRY(drain(work));
		if (!by_habits && !by_sites && !by_parts)
			break;
	}
	return finish(work);
}

struct dill_error *typing_find(const struct graph *graph, struct arena *arena, struct typing *ret)
{
	struct typing_work work = {.typing = ret, .graph = graph};
	struct dill_error *error;

	*ret = (struct typing){.graph = graph, .arena = arena};
	TRY(kernel_types(graph->survey->heap->kernel, &ret->types));
	shapes_init(ret->types, arena, &ret->shapes);
	ret->objects = calloc((size_t)graph_count(graph) + 1, sizeof(*ret->objects));
	error = ret->objects ? find_all(&work) : error_no_memory();
	array_free(&work.queue);
	array_free(&work.variables);
	number_map_deinit(&work.reached);
	array_free(&work.clues);
	array_free(&work.vague);
	array_free(&work.habits);
	array_free(&work.holders);
	number_map_deinit(&work.habit_of);
	number_map_deinit(&work.holder_of);
	return error;
}
