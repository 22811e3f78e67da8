/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "answer/layout_record.h"
#include "base/checked.h"
#include "command/kstruct_line.h"

static bool is_compound(const struct type *type)
{
	return type->kind == TYPE_STRUCT || type->kind == TYPE_UNION;
}

static uint64_t bits_of(const struct type *type, uint32_t bit_size)
{
	uint64_t bits;

	if (bit_size)
		return bit_size;
	return checked_mul(type->size, 8, &bits) ? UINT64_MAX : bits;
}

/* Member number index of type, whose line starts at spot; *end_bit is where the last one ended. */
static struct dill_error *walk_member(struct kstruct_walk *walk, const struct type *type,
				      const struct spot *spot, uint32_t index, uint64_t *end_bit,
				      struct gaps *gaps)
{
	struct type_member member;
	struct type member_type;
	struct spot inner = {.depth = spot->depth + 1, .levels = spot->levels};
	uint64_t length = walk->path.length, end = 0;
	struct dill_error *error = types_member(walk->types, type->id, index, &member);

	if (error)
		return line_broken(walk, error, inner.depth, "");
	error = types_get(walk->types, member.type, &member_type);
	if (error)
		return line_broken(walk, error, inner.depth, member.name);
	inner.name = member.name;
	inner.type = member.type;
	inner.bit_size = member.bit_size;
	if (checked_add(spot->bit_offset, member.bit_offset, &inner.bit_offset) ||
	    checked_add(member.bit_offset, bits_of(&member_type, member.bit_size), &end) ||
	    end > bits_of(type, 0))
		inner.problem = "reaches past the end of its struct";
	if (type->kind == TYPE_STRUCT && member.bit_offset > *end_bit && !inner.problem) {
		TRY(line_unused(walk, LAYOUT_IS_HOLE, inner.depth, spot->bit_offset + *end_bit,
				inner.bit_offset));
		gaps->holes++;
		gaps->hole_bits += member.bit_offset - *end_bit;
	}
	if (member.name[0]) {
		if (length)
			strbuf_append_char(&walk->path, '.');
		strbuf_append_escaped(&walk->path, member.name, strlen(member.name));
	}
	error = layout_spot(walk, &inner);
	truncate_text(&walk->path, length);
	if (!inner.problem && end > *end_bit)
		*end_bit = end;
	return error;
}

static struct dill_error *walk_members(struct kstruct_walk *walk, const struct type *type,
				       const struct spot *spot)
{
	struct gaps gaps = {.members = type->count};
	uint64_t end = 0, size = bits_of(type, 0);

	for (uint32_t index = 0; index < type->count; index++)
		TRY(walk_member(walk, type, spot, index, &end, &gaps));
	if (type->count && end < size && size < UINT64_MAX) {
		TRY(line_unused(walk, LAYOUT_IS_PADDING, spot->depth + 1, spot->bit_offset + end,
				spot->bit_offset + size));
		gaps.padding_bits = size - end;
	}
	return line_end(walk, type, spot->depth, &gaps);
}

/* An array of structs. As a layout one element stands for all; its members' paths are those of the
 * first. */
static struct dill_error *walk_array(struct kstruct_walk *walk, const struct type *array,
				     const struct spot *spot)
{
	struct gaps gaps = {.members = array->count};
	struct type element = *array;
	size_t length = walk->path.length;

	if (walk->request->reader) {
		TRY(layout_elements(walk, array, spot));
		return line_end(walk, array, spot->depth, &gaps);
	}
	while (element.kind == TYPE_ARRAY) {
		strbuf_append(&walk->path, "[0]");
		TRY(types_strip(walk->types, element.target, &element));
	}

	struct dill_error *error = walk_members(walk, &element, spot);

	truncate_text(&walk->path, length);
	return error;
}

static struct dill_error *emit_enumerator(void *context, const struct type_enumerator *item)
{
	struct kstruct_walk *walk = context;
	struct dill_record *record;

	TRY(line_new_note(walk, LAYOUT_IS_ENUMERATOR, 1, &record));
	TRY(line_set_name(walk, record, LAYOUT_NAME, item->name));
	record_set_text(record, LAYOUT_DECLARATION, strbuf_get(&walk->name));
	record_set_text(record, LAYOUT_VALUE,
			arena_format(walk->arena, "%lld", (long long)item->value));
	return line_emit(walk, record);
}

static struct dill_error *walk_enumerators(struct kstruct_walk *walk, const struct type *type)
{
	struct gaps gaps = {.members = type->count};

	TRY(types_enum_each(walk->types, type->id, emit_enumerator, walk));
	return line_end(walk, type, 0, &gaps);
}

/* The element of an array of arrays at last. */
static struct dill_error *innermost(struct kstruct_walk *walk, const struct type *type,
				    struct type *ret)
{
	*ret = *type;
	for (int depth = 0; ret->kind == TYPE_ARRAY && depth < TYPE_DEPTH_MAX; depth++)
		TRY(types_strip(walk->types, ret->target, ret));
	return NULL;
}

struct dill_error *layout_spot(struct kstruct_walk *walk, const struct spot *spot)
{
	struct spot inner = *spot;
	struct type type, last;
	struct dill_error *error = types_strip(walk->types, spot->type, &type);

	if (!error)
		error = innermost(walk, &type, &last);
	if (error)
		return line_broken(walk, error, spot->depth, spot->name);

	/* Anonymous structs are no level; an array with memory at hand has one in each element. */
	bool is_level = spot->name[0] && (type.kind != TYPE_ARRAY || !walk->request->reader);
	bool opens = is_compound(&last) && spot->depth < TYPE_DEPTH_MAX && !spot->problem &&
		     (type.kind != TYPE_ARRAY || !walk->request->reader || type.count);

	if (is_compound(&last) && spot->depth >= TYPE_DEPTH_MAX)
		inner.problem = "nested too deeply to be shown";
	if (spot->levels == 0 && spot->name[0])
		opens = false;
	if (type.kind == TYPE_ENUM && spot->depth == 0 && !walk->request->reader) {
		TRY(line_spot(walk, &inner, &type, true));
		return walk_enumerators(walk, &type);
	}
	TRY(line_spot(walk, &inner, &type, opens));
	if (!opens)
		return NULL;
	inner.levels -= is_level;
	return type.kind == TYPE_ARRAY ? walk_array(walk, &type, &inner)
				       : walk_members(walk, &type, &inner);
}

static struct dill_error *start(struct kstruct_walk *walk)
{
	const struct layout_request *request = walk->request;
	struct spot spot = {.name = "", .type = request->type, .levels = request->depth};

	/* The type itself is a level, though it has no member's name. */
	if (spot.levels)
		spot.levels--;
	if (request->path) {
		spot.type = request->place->type;
		spot.bit_offset = request->place->bit_offset;
		spot.bit_size = request->place->bit_size;
		strbuf_append_escaped(&walk->path, request->path, strlen(request->path));
	}
	TRY(types_declare(walk->types, request->type, "", &walk->type_text));
	return layout_spot(walk, &spot);
}

struct dill_error *layout_emit(const struct layout_request *request, struct dill_sink *sink)
{
	struct kstruct_walk walk = {.request = request, .types = request->types, .sink = sink};
	struct dill_error *error = arena_new(&walk.arena);

	if (!error)
		error = start(&walk);
	arena_free(walk.arena);
	strbuf_deinit(&walk.type_text);
	strbuf_deinit(&walk.path);
	strbuf_deinit(&walk.name);
	strbuf_deinit(&walk.declared);
	strbuf_deinit(&walk.declaration);
	value_text_deinit(&walk.value);
	return error;
}
