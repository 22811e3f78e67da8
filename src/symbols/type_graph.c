/* SPDX-License-Identifier: MIT */
#include "symbols/type_graph.h"

#include <stdlib.h>

/* Levels of types that lead to each other without a struct between, and of structs in each other:
 * several times as many as any kernel has. */
#define LEVELS_MAX 100
#define UNKNOWN	   0u
#define BAD	   255u

/* A type that can be read; else false. */
static bool get(const struct type_graph *graph, type_id id, struct type *ret)
{
	struct dill_error *error = types_get(graph->types, id, ret);

	dill_error_free(error);
	return !error;
}

static unsigned higher(unsigned level, unsigned than)
{
	if (level == BAD || than == BAD)
		return BAD;
	if (level == UNKNOWN || than == UNKNOWN)
		return UNKNOWN;
	return level > than ? level : than;
}

/*
 * Give each type the level above what it stands on, in rounds: forged types may stand on each other
 * in chains as long as there are types, which nothing here may follow by calling itself. What is
 * still unknown after as many rounds as there are levels is in a circle, or on one.
 * @param below  the highest level of what a type stands on; BAD, UNKNOWN
 */
static void settle(const struct type_graph *graph, uint8_t *levels,
		   unsigned (*below)(const struct type_graph *graph, const struct type *type))
{
	bool changed = true;

	for (unsigned round = 0; changed && round < LEVELS_MAX; round++) {
		changed = false;
		for (type_id id = 1; id < graph->limit; id++) {
			struct type type;
			unsigned level;

			if (levels[id] != UNKNOWN)
				continue;
			level = get(graph, id, &type) ? below(graph, &type) : BAD;
			if (level == UNKNOWN)
				continue;
			levels[id] = (uint8_t)(level >= LEVELS_MAX ? BAD : level + 1);
			changed = true;
		}
	}
	for (type_id id = 1; id < graph->limit; id++)
		if (levels[id] == UNKNOWN)
			levels[id] = BAD;
}

/* --- descriptions --- */

static unsigned height_of(const struct type_graph *graph, type_id id)
{
	if (!id)
		return 1;
	return id < graph->limit ? graph->heights[id] : BAD;
}

static unsigned height_of_function(const struct type_graph *graph, const struct type *type)
{
	unsigned height = height_of(graph, type->target);

	for (uint32_t i = 0; i < type->count && height != BAD; i++) {
		struct type_parameter parameter;
		struct dill_error *error = types_parameter(graph->types, type->id, i, &parameter);

		height = error ? BAD : higher(height, height_of(graph, parameter.type));
		dill_error_free(error);
	}
	return height;
}

static bool is_size_of_number(uint64_t size)
{
	return size && size <= 16 && !(size & (size - 1));
}

/* Of what lies below a type, which itself is right. */
static unsigned height_below(const struct type_graph *graph, const struct type *type)
{
	switch (type->kind) {
	case TYPE_POINTER:
	case TYPE_TYPEDEF:
	case TYPE_CONST:
	case TYPE_VOLATILE:
	case TYPE_RESTRICT:
	case TYPE_TAG:
		return height_of(graph, type->target);
	case TYPE_ARRAY:
		return type->target ? height_of(graph, type->target) : BAD;
	case TYPE_FUNCTION:
		return height_of_function(graph, type);
	case TYPE_INT:
	case TYPE_ENUM:
		return is_size_of_number(type->size) ? 1 : BAD;
	case TYPE_OTHER:
	case TYPE_VOID:
		return BAD;
	default:
		return 1;
	}
}

/* --- structs in structs --- */

static unsigned depth_of(const struct type_graph *graph, type_id id)
{
	/* What cannot be described is left out. */
	if (!id || id >= graph->limit || graph->heights[id] == BAD)
		return 1;
	return graph->depths[id];
}

static unsigned depth_of_members(const struct type_graph *graph, const struct type *type)
{
	unsigned depth = 1;

	for (uint32_t i = 0; i < type->count && depth != BAD; i++) {
		struct type_member member;
		struct dill_error *error = types_member(graph->types, type->id, i, &member);

		if (!error) /* else it is left out */
			depth = higher(depth, depth_of(graph, member.type));
		dill_error_free(error);
	}
	return depth;
}

static unsigned depth_below(const struct type_graph *graph, const struct type *type)
{
	switch (type->kind) {
	case TYPE_STRUCT:
	case TYPE_UNION:
		return depth_of_members(graph, type);
	case TYPE_POINTER:
	case TYPE_FUNCTION:
		return 1;
	default:
		return depth_of(graph, type->target);
	}
}

/* --- both --- */

static type_id strip_tags(const struct type_graph *graph, type_id id)
{
	struct type type;

	/* Tags that can be described do not go round. */
	while (id && get(graph, id, &type) && type.kind == TYPE_TAG)
		id = type.target;
	return id;
}

static bool is_other(const struct type_graph *graph, type_id id)
{
	struct type type;

	return get(graph, id, &type) && type.kind == TYPE_OTHER;
}

struct dill_error *type_graph_make(struct types *types, struct type_graph *ret)
{
	uint32_t limit = types->ops->id_limit(types);

	*ret = (struct type_graph){.types = types, .limit = limit};
	ret->stands_for = calloc((size_t)limit + 1, sizeof(*ret->stands_for));
	ret->heights = calloc((size_t)limit + 1, 1);
	ret->depths = calloc((size_t)limit + 1, 1);
	if (!ret->stands_for || !ret->heights || !ret->depths)
		return error_no_memory();
	settle(ret, ret->heights, height_below);
	settle(ret, ret->depths, depth_below);
	for (type_id id = 1; id < limit; id++) {
		if (ret->heights[id] != BAD && ret->depths[id] != BAD) {
			ret->stands_for[id] = strip_tags(ret, id);
			continue;
		}
		ret->stands_for[id] = TYPE_GRAPH_BAD;
		ret->bad += !is_other(ret, id);
	}
	return NULL;
}

type_id type_graph_id(const struct type_graph *graph, type_id id)
{
	return id < graph->limit ? graph->stands_for[id] : TYPE_GRAPH_BAD;
}

void type_graph_deinit(struct type_graph *graph)
{
	free(graph->stands_for);
	free(graph->heights);
	free(graph->depths);
}
