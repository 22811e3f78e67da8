/* SPDX-License-Identifier: MIT */
#include "graph/shape.h"

#include <string.h>

/* Elements of an array of structs that are taken apart. */
#define ELEMENTS_MAX 64u
/* Shapes that ask for another one: a struct that ends in an array of structs that do the same. */
#define SHAPES_DEEP 4u

/* Links of lists and trees: their pointers lead to the same struct in a neighbour. RCU's list is
 * none: what is on it has nothing in common. */
static const char *const links[] = {
	"list_head", "hlist_node", "hlist_nulls_node", "hlist_bl_node", "rb_node", "llist_node",
};

void shapes_init(struct types *types, struct arena *arena, struct shapes *ret)
{
	*ret = (struct shapes){.types = types, .arena = arena};
}

void shapes_deinit(struct shapes *shapes)
{
	number_map_deinit(&shapes->by_type);
	number_map_deinit(&shapes->canonical);
	array_free(&shapes->all);
}

/* --- one id for each type --- */

static bool is_struct(const struct type *type)
{
	return type->kind == TYPE_STRUCT || type->kind == TYPE_UNION;
}

/* A struct without a name has that of the typedef that is nearest to it. */
static struct dill_error *find_typedef(struct shapes *shapes, type_id id, type_id *ret)
{
	struct type type = {.target = id};

	for (int depth = 0; depth < TYPE_DEPTH_MAX; depth++) {
		TRY(types_get(shapes->types, type.target, &type));
		if (is_struct(&type))
			break;
		if (type.kind == TYPE_TYPEDEF)
			*ret = type.id;
	}
	return NULL;
}

static struct dill_error *find_canonical(struct shapes *shapes, type_id id, type_id *ret)
{
	struct type type, named;
	type_id found;

	*ret = 0;
	TRY(types_strip(shapes->types, id, &type));
	*ret = type.id;
	if (is_struct(&type) && !type.name[0])
		return find_typedef(shapes, id, ret);
	if (!type.name[0] || !(is_struct(&type) || type.kind == TYPE_FORWARD))
		return NULL;
	if (!types_has_struct(shapes->types, type.name, &found))
		return NULL;
	TRY(types_get(shapes->types, found, &named));
	if (type.kind == TYPE_FORWARD || named.size == type.size)
		*ret = found;
	return NULL;
}

struct dill_error *shapes_canonical(struct shapes *shapes, type_id type, type_id *ret)
{
	uint64_t known;

	*ret = 0;
	if (!type)
		return NULL;
	if (number_map_get(&shapes->canonical, (uint64_t)type + 1, &known)) {
		*ret = (type_id)known;
		return NULL;
	}
	TRY(error_forgive(find_canonical(shapes, type, ret)));
	return number_map_put(&shapes->canonical, (uint64_t)type + 1, *ret);
}

/* --- taking a type apart --- */

struct making {
	struct shapes *shapes;
	struct type_shape *shape;
	ARRAY(struct shape_slot) slots;
	ARRAY(struct shape_part) parts;
};

/* What the members that are looked at lie in. */
struct inside {
	uint64_t offset; /* of the struct or array in the whole type */
	type_id owner;	 /* the innermost struct that has a name */
	uint64_t owner_offset;
	bool in_union;
	unsigned depth;
};

static bool is_link(const struct type *type)
{
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		if (!strcmp(type->name, links[i]))
			return true;
	return false;
}

static struct dill_error *take(struct making *making, type_id id, const struct inside *inside);

static struct dill_error *add_slot(struct making *making, const struct shape_slot *slot)
{
	return making->slots.count < SHAPE_SLOTS_MAX ? array_push(&making->slots, *slot) : NULL;
}

static struct dill_error *take_pointer(struct making *making, const struct type *type,
				       const struct inside *inside)
{
	struct shape_slot slot = {.offset = (uint32_t)inside->offset,
				  .is_alternative = inside->in_union};

	TRY(shapes_canonical(making->shapes, type->target, &slot.target));
	return inside->offset % 8 ? NULL : add_slot(making, &slot);
}

/* All words of a link: rb_node's first one has its colour in it, too. */
static struct dill_error *take_link(struct making *making, const struct type *type,
				    const struct inside *inside)
{
	struct shape_slot slot = {
		.kind = SLOT_LINK,
		.is_alternative = inside->in_union,
		.link = (uint32_t)inside->offset,
		.owner = inside->owner,
		.owner_offset = (uint32_t)inside->owner_offset,
	};

	for (uint64_t at = 0; at < type->size && inside->offset % 8 == 0; at += 8) {
		slot.offset = (uint32_t)(inside->offset + at);
		TRY(add_slot(making, &slot));
	}
	return NULL;
}

static struct dill_error *take_member(struct making *making, const struct type *type,
				      uint32_t index, const struct inside *inside)
{
	struct inside deeper = *inside;
	struct type_member member;
	struct dill_error *error = types_member(making->shapes->types, type->id, index, &member);

	TRY(error_forgive(error));
	if (error || member.bit_size || member.bit_offset % 8)
		return NULL;
	deeper.offset += member.bit_offset / 8;
	deeper.in_union |= type->kind == TYPE_UNION && type->count > 1;
	deeper.depth++;
	if (type->name[0]) {
		deeper.owner = type->id;
		deeper.owner_offset = inside->offset;
	}
	return take(making, member.type, &deeper);
}

static struct dill_error *take_struct(struct making *making, const struct type *type,
				      const struct inside *inside)
{
	if (is_link(type))
		return take_link(making, type, inside);
	if (type->name[0] && making->parts.count < SHAPE_SLOTS_MAX) {
		struct shape_part part = {.offset = (uint32_t)inside->offset};

		TRY(shapes_canonical(making->shapes, type->id, &part.type));
		TRY(array_push(&making->parts, part));
	}
	for (uint32_t i = 0; i < type->count && making->slots.count < SHAPE_SLOTS_MAX; i++)
		TRY(take_member(making, type, i, inside));
	return NULL;
}

static struct dill_error *take_array(struct making *making, const struct type *type,
				     const struct inside *inside)
{
	struct inside element = *inside;
	struct type each;
	uint32_t most;
	struct dill_error *error = types_strip(making->shapes->types, type->target, &each);

	TRY(error_forgive(error));
	if (error || !each.size)
		return NULL;
	most = each.kind == TYPE_POINTER ? SHAPE_SLOTS_MAX : ELEMENTS_MAX;
	if (each.kind != TYPE_POINTER && each.kind != TYPE_ARRAY && !is_struct(&each))
		return NULL;
	element.depth++;
	for (uint32_t i = 0; i < type->count && i < most; i++) {
		element.offset = inside->offset + i * each.size;
		if (making->slots.count == SHAPE_SLOTS_MAX)
			return NULL;
		TRY(take(making, each.id, &element));
	}
	return NULL;
}

static struct dill_error *take(struct making *making, type_id id, const struct inside *inside)
{
	struct type type;
	struct dill_error *error = types_strip(making->shapes->types, id, &type);

	TRY(error_forgive(error));
	/* Forged: deeper than the kernel's verifier allows, or larger than any object. */
	if (error || inside->depth > TYPE_DEPTH_MAX || inside->offset > UINT32_MAX)
		return NULL;
	if (type.kind == TYPE_POINTER)
		return take_pointer(making, &type, inside);
	if (type.kind == TYPE_ARRAY)
		return take_array(making, &type, inside);
	return is_struct(&type) ? take_struct(making, &type, inside) : NULL;
}

/* How a struct ends: in an array without a length, or in one that may be cut short. */
static struct dill_error *look_at_end(struct making *making, const struct type *type)
{
	struct type_shape *shape = making->shape;
	struct type_member member;
	struct type end, each;
	type_id element;

	shape->last = shape->size > UINT32_MAX ? UINT32_MAX : (uint32_t)shape->size;
	if (type->kind != TYPE_STRUCT || !type->count)
		return NULL;
	TRY(types_member(making->shapes->types, type->id, type->count - 1, &member));
	TRY(types_strip(making->shapes->types, member.type, &end));
	if (end.kind != TYPE_ARRAY)
		return NULL;
	shape->last = (uint32_t)(member.bit_offset / 8);
	shape->is_open = !end.count;
	shape->tail = shape->last;
	TRY(types_strip(making->shapes->types, end.target, &each));
	if (!shape->is_open || !each.size || (each.kind != TYPE_POINTER && !is_struct(&each)) ||
	    making->shapes->depth > SHAPES_DEEP)
		return NULL;
	TRY(shapes_canonical(making->shapes, each.id, &element));
	return element == shape->type ? NULL : shapes_get(making->shapes, element, &shape->each);
}

static int by_offset(const void *a, const void *b)
{
	const struct shape_slot *one = a, *two = b;

	if (one->offset != two->offset)
		return one->offset < two->offset ? -1 : 1;
	return (one->target > two->target) - (one->target < two->target);
}

/* Pointers of a union in one place that lead to different things. */
static void mark_ambiguous(struct shape_slot *slots, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (slots[i].offset == slots[i - 1].offset &&
		    (slots[i].kind != slots[i - 1].kind || slots[i].target != slots[i - 1].target))
			slots[i].is_ambiguous = slots[i - 1].is_ambiguous = true;
	for (size_t i = 1; i < count; i++)
		if (slots[i].offset == slots[i - 1].offset)
			slots[i].is_ambiguous |= slots[i - 1].is_ambiguous;
}

static struct dill_error *keep(struct making *making)
{
	struct type_shape *shape = making->shape;
	struct arena *arena = making->shapes->arena;
	struct shape_slot *slots =
		arena_alloc_array(arena, making->slots.count + 1, sizeof(*slots));
	struct shape_part *parts =
		arena_alloc_array(arena, making->parts.count + 1, sizeof(*parts));

	if (!slots || !parts)
		return error_no_memory();
	if (making->slots.count) {
		memcpy(slots, making->slots.items, making->slots.count * sizeof(*slots));
		qsort(slots, making->slots.count, sizeof(*slots), by_offset);
		mark_ambiguous(slots, making->slots.count);
	}
	if (making->parts.count)
		memcpy(parts, making->parts.items, making->parts.count * sizeof(*parts));
	shape->slots = slots;
	shape->slot_count = making->slots.count;
	shape->parts = parts;
	shape->part_count = making->parts.count;
	return NULL;
}

static struct dill_error *fill(struct making *making)
{
	const struct inside inside = {0};
	struct type type;

	TRY(types_strip(making->shapes->types, making->shape->type, &type));
	making->shape->size = type.size;
	making->shape->is_struct = is_struct(&type) || type.kind == TYPE_FORWARD;
	TRY(take(making, type.id, &inside));
	TRY(look_at_end(making, &type));
	return NULL;
}

static struct dill_error *make(struct shapes *shapes, struct type_shape *shape)
{
	struct making making = {.shapes = shapes, .shape = shape};
	struct dill_error *error;

	shapes->depth++;
	error = error_forgive(fill(&making));
	shapes->depth--;
	if (!error)
		error = keep(&making);
	array_free(&making.slots);
	array_free(&making.parts);
	return error;
}

const struct type_shape *shapes_known(const struct shapes *shapes, type_id type)
{
	uint64_t at;

	return number_map_get(&shapes->by_type, (uint64_t)type + 1, &at) ? shapes->all.items[at]
									 : NULL;
}

struct dill_error *shapes_get(struct shapes *shapes, type_id type, const struct type_shape **ret)
{
	struct type_shape *shape;
	uint64_t at;

	if (number_map_get(&shapes->by_type, (uint64_t)type + 1, &at)) {
		*ret = shapes->all.items[at];
		return NULL;
	}
	shape = arena_alloc(shapes->arena, sizeof(*shape));
	if (!shape)
		return error_no_memory();
	shape->type = type;
	/* Known before it is made, as it may lead to itself. */
	TRY(array_push(&shapes->all, shape));
	TRY(number_map_put(&shapes->by_type, (uint64_t)type + 1, shapes->all.count - 1));
	TRY(make(shapes, shape));
	*ret = shape;
	return NULL;
}

bool shape_has_part(const struct type_shape *shape, type_id part, uint64_t offset)
{
	if (!shape->size)
		return shape->type == part && !offset;
	if (!shape->is_struct)
		return shape->type == part && offset % shape->size == 0;
	if (shape->is_open && shape->each && offset >= shape->size)
		return shape_has_part(shape->each, part,
				      (offset - shape->tail) %
					      (shape->each->size ? shape->each->size : 1));
	offset %= shape->size;
	for (size_t i = 0; i < shape->part_count; i++)
		if (shape->parts[i].offset == offset && shape->parts[i].type == part)
			return true;
	return false;
}
