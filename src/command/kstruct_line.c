/* SPDX-License-Identifier: MIT */
#include "command/kstruct_line.h"

#include <string.h>

#include "answer/layout_record.h"

/* line_new() fills in the type of both kinds. */
_Static_assert((int)LAYOUT_TYPE == (int)LAYOUT_END_TYPE, "the type is the first column");

void layout_split_bits(uint64_t bit_offset, uint32_t bit_size, uint64_t unit_size,
		       uint64_t *ret_offset, uint32_t *ret_bit)
{
	uint64_t unit_bits = unit_size <= 16 ? unit_size * 8 : 0;

	if (unit_bits == 0 || bit_offset % unit_bits + bit_size > unit_bits)
		unit_bits = 8;
	*ret_offset = bit_offset / unit_bits * (unit_bits / 8);
	*ret_bit = (uint32_t)(bit_offset % unit_bits);
}

static enum layout_word kind_of(enum type_kind kind)
{
	switch (kind) {
	case TYPE_VOID:
		return LAYOUT_IS_VOID;
	case TYPE_INT:
		return LAYOUT_IS_INT;
	case TYPE_FLOAT:
		return LAYOUT_IS_FLOAT;
	case TYPE_POINTER:
		return LAYOUT_IS_POINTER;
	case TYPE_ARRAY:
		return LAYOUT_IS_ARRAY;
	case TYPE_STRUCT:
		return LAYOUT_IS_STRUCT;
	case TYPE_UNION:
		return LAYOUT_IS_UNION;
	case TYPE_ENUM:
		return LAYOUT_IS_ENUM;
	case TYPE_FORWARD:
		return LAYOUT_IS_FORWARD;
	case TYPE_FUNCTION:
		return LAYOUT_IS_FUNCTION;
	default:
		return LAYOUT_IS_BROKEN;
	}
}

/* A record of the walk; the type's name is in its first column. */
static struct dill_error *line_new(struct kstruct_walk *walk, const struct dill_record_kind *kind,
				   struct dill_record **ret)
{
	if (walk->lines++ >= LAYOUT_LINES_MAX)
		return dill_error_new(DILL_ERROR_LIMIT,
				      "the layout has more than %d lines: use --depth",
				      LAYOUT_LINES_MAX);
	arena_reset(walk->arena);
	*ret = record_new(walk->arena, kind);
	if (!*ret)
		return error_no_memory();
	record_set_text(*ret, LAYOUT_TYPE, strbuf_get(&walk->type_text));
	return NULL;
}

struct dill_error *line_emit(struct kstruct_walk *walk, const struct dill_record *record)
{
	TRY(strbuf_error(&walk->path));
	return walk->sink->emit(walk->sink, record);
}

struct dill_error *line_new_note(struct kstruct_walk *walk, enum layout_word kind, unsigned depth,
				 struct dill_record **ret)
{
	TRY(line_new(walk, &layout_kind, ret));
	record_set_enum(*ret, LAYOUT_KIND, kind);
	record_set_number(*ret, LAYOUT_DEPTH, depth);
	return NULL;
}

struct dill_error *line_unused(struct kstruct_walk *walk, enum layout_word kind, unsigned depth,
			       uint64_t from_bit, uint64_t to_bit)
{
	struct dill_record *record;

	TRY(line_new_note(walk, kind, depth, &record));
	record_set_number(record, LAYOUT_OFFSET, from_bit / 8);
	record_set_number(record, LAYOUT_SIZE, (to_bit + 7) / 8 - from_bit / 8);
	if (from_bit % 8 || to_bit % 8) {
		record_set_number(record, LAYOUT_BIT_OFFSET, from_bit % 8);
		record_set_number(record, LAYOUT_BIT_SIZE, to_bit - from_bit);
	}
	return line_emit(walk, record);
}

struct dill_error *line_set_name(struct kstruct_walk *walk, struct dill_record *record,
				 size_t column, const char *name)
{
	if (!name[0])
		return NULL;
	strbuf_clear(&walk->name);
	strbuf_append_escaped(&walk->name, name, strlen(name));
	TRY(strbuf_error(&walk->name));
	record_set_text(record, column, strbuf_get(&walk->name));
	return NULL;
}

static struct dill_error *emit_broken(struct kstruct_walk *walk, unsigned depth, const char *name,
				      const char *problem)
{
	struct dill_record *record;

	TRY(line_new_note(walk, LAYOUT_IS_BROKEN, depth, &record));
	TRY(line_set_name(walk, record, LAYOUT_NAME, name));
	record_set_text(record, LAYOUT_DECLARATION, name[0] ? strbuf_get(&walk->name) : "?");
	record_set_text(record, LAYOUT_PROBLEM, problem);
	return line_emit(walk, record);
}

struct dill_error *line_broken(struct kstruct_walk *walk, struct dill_error *error, unsigned depth,
			       const char *name)
{
	_cleanup_(dill_error_freep)
	struct dill_error *guard = error;

	if (error_is_fatal(error) || dill_error_code(error) == DILL_ERROR_LIMIT)
		return steal(guard);
	return emit_broken(walk, depth, name, dill_error_text(error));
}

struct dill_error *line_end(struct kstruct_walk *walk, const struct type *type, unsigned depth,
			    const struct gaps *gaps)
{
	struct dill_record *record;

	TRY(line_new(walk, &layout_end_kind, &record));
	if (walk->path.length)
		record_set_text(record, LAYOUT_END_MEMBER, strbuf_get(&walk->path));
	record_set_number(record, LAYOUT_END_DEPTH, depth);
	record_set_number(record, LAYOUT_END_SIZE, type->size);
	record_set_number(record, LAYOUT_END_MEMBERS, gaps->members);
	record_set_number(record, LAYOUT_END_HOLES, gaps->holes);
	record_set_number(record, LAYOUT_END_HOLE_BITS, gaps->hole_bits);
	record_set_number(record, LAYOUT_END_PADDING, gaps->padding_bits / 8);
	return line_emit(walk, record);
}

/* Fill in the value, or why there is none. */
static struct dill_error *set_value(struct kstruct_walk *walk, struct dill_record *record,
				    const struct spot *spot, const struct type *type)
{
	const struct layout_request *request = walk->request;
	uint64_t address = request->address + spot->bit_offset / 8;
	unsigned bit = spot->bit_size ? spot->bit_offset % 8 : 0;

	record_set_number(record, LAYOUT_ADDRESS, address);
	value_text_clear(&walk->value);

	struct dill_error *error = value_read(request->reader, walk->types, type, address, bit,
					      spot->bit_size, &walk->value);

	if (error && error_is_fatal(error))
		return error;
	if (error) {
		record_set_text(record, LAYOUT_PROBLEM,
				arena_format(walk->arena, "%s", dill_error_text(error)));
		dill_error_free(error);
		return NULL;
	}
	TRY(strbuf_error(&walk->value.value));
	TRY(strbuf_error(&walk->value.string));
	TRY(strbuf_error(&walk->value.symbol));
	if (walk->value.value.length)
		record_set_text(record, LAYOUT_VALUE, strbuf_get(&walk->value.value));
	if (walk->value.is_string)
		record_set_text(record, LAYOUT_STRING, strbuf_get(&walk->value.string));
	if (walk->value.symbol.length)
		record_set_text(record, LAYOUT_SYMBOL, strbuf_get(&walk->value.symbol));
	return NULL;
}

static void set_offset(struct dill_record *record, const struct spot *spot, const struct type *type)
{
	uint64_t offset = spot->bit_offset / 8;
	uint32_t bit;

	if (spot->bit_size) {
		layout_split_bits(spot->bit_offset, spot->bit_size, type->size, &offset, &bit);
		record_set_number(record, LAYOUT_BIT_OFFSET, bit);
		record_set_number(record, LAYOUT_BIT_SIZE, spot->bit_size);
	}
	record_set_number(record, LAYOUT_OFFSET, offset);
	record_set_number(record, LAYOUT_SIZE, type->size);
}

static struct dill_error *set_declared(struct kstruct_walk *walk, struct dill_record *record,
				       const struct spot *spot)
{
	strbuf_clear(&walk->declared);
	strbuf_clear(&walk->declaration);
	/* A typedef as the whole request is shown as what it stands for. */
	if (spot->depth == 0 && !walk->request->path) {
		struct type type;

		TRY(types_get(walk->types, spot->type, &type));
		TRY(types_declare(walk->types, type.kind == TYPE_TYPEDEF ? type.target : spot->type,
				  "", &walk->declared));
	} else {
		TRY(types_declare(walk->types, spot->type, "", &walk->declared));
	}
	if (spot->name[0] == '[')
		strbuf_append(&walk->declaration, spot->name);
	else
		TRY(types_declare(walk->types, spot->type, spot->name, &walk->declaration));
	TRY(strbuf_error(&walk->declaration));
	record_set_text(record, LAYOUT_DECLARED, strbuf_get(&walk->declared));
	record_set_text(record, LAYOUT_DECLARATION, strbuf_get(&walk->declaration));
	return NULL;
}

struct dill_error *line_spot(struct kstruct_walk *walk, const struct spot *spot,
			     const struct type *type, bool expanded)
{
	struct dill_record *record;

	TRY(line_new(walk, &layout_kind, &record));
	if (walk->path.length && (spot->name[0] || spot->depth == 0))
		record_set_text(record, LAYOUT_MEMBER, strbuf_get(&walk->path));
	TRY(line_set_name(walk, record, LAYOUT_NAME, spot->name));
	record_set_number(record, LAYOUT_DEPTH, spot->depth);
	record_set_enum(record, LAYOUT_KIND, kind_of(type->kind));
	set_offset(record, spot, type);
	TRY(set_declared(walk, record, spot));
	if (expanded)
		record_set_bool(record, LAYOUT_EXPANDED, true);
	record_set_text(record, LAYOUT_PROBLEM, spot->problem);
	if (walk->request->reader && type->kind != TYPE_VOID)
		TRY(set_value(walk, record, spot, type));
	return line_emit(walk, record);
}
