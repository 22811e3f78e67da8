/* SPDX-License-Identifier: MIT */
#include "symbols/isf_types.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* What volatility 3 calls them. */
#define VOID	"{\"kind\":\"base\",\"name\":\"void\"}"
#define POINTER "\"pointer\":{\"size\":8,\"signed\":false,\"kind\":\"int\",\"endian\":\"little\"}"
#define NOTHING "\"void\":{\"size\":0,\"signed\":false,\"kind\":\"void\",\"endian\":\"little\"}"

void isf_append_text(struct strbuf *text, const char *string)
{
	strbuf_append_char(text, '"');
	for (const char *c = string; *c; c++) {
		if ((unsigned char)*c < ' ' || (unsigned char)*c >= 0x7f)
			strbuf_append_format(text, "\\u%04x", (unsigned char)*c);
		else if (*c == '"' || *c == '\\')
			strbuf_append_format(text, "\\%c", *c);
		else
			strbuf_append_char(text, *c);
	}
	strbuf_append_char(text, '"');
}

static bool is_union(const struct type *type)
{
	return type->kind == TYPE_UNION ||
	       (type->kind == TYPE_FORWARD && type->forward == TYPE_UNION);
}

static void append_comma(struct strbuf *text, bool *is_first)
{
	if (!*is_first)
		strbuf_append_char(text, ',');
	*is_first = false;
}

/* --- names --- */

enum room { ROOM_NONE, ROOM_BASE, ROOM_USER, ROOM_ENUM };

/* Which object of the table describes a type. */
static enum room room_of(const struct type *type)
{
	switch (type->kind) {
	case TYPE_INT:
	case TYPE_FLOAT:
		return ROOM_BASE;
	case TYPE_STRUCT:
	case TYPE_UNION:
		return ROOM_USER;
	case TYPE_FORWARD:
		return type->forward == TYPE_ENUM ? ROOM_NONE : ROOM_USER;
	case TYPE_ENUM:
		return ROOM_ENUM;
	default:
		return ROOM_NONE;
	}
}

/* The id that is described; 0 = void, or none can be. */
static type_id described(const struct isf_types *isf, type_id id)
{
	type_id own = type_graph_id(isf->graph, id);

	return own == TYPE_GRAPH_BAD ? 0 : own;
}

static bool get(const struct isf_types *isf, type_id id, struct type *ret)
{
	struct dill_error *error = types_get(isf->graph->types, id, ret);

	dill_error_free(error);
	return !error;
}

struct named {
	const char *name;
	enum room room;
	bool is_forward;
	type_id id;
};

static int compare(const void *left, const void *right)
{
	const struct named *a = left, *b = right;
	int order = strcmp(a->name, b->name);

	if (!order)
		order = (a->room > b->room) - (a->room < b->room);
	/* Whoever only declares it means the one that is defined. */
	if (!order)
		order = a->is_forward - b->is_forward;
	return order ? order : (a->id > b->id) - (a->id < b->id);
}

/* Of several types with a name the first keeps it. */
static void settle(struct isf_types *isf, struct named *all, size_t count)
{
	for (size_t i = 1; i < count; i++)
		isf->is_second[all[i].id] =
			all[i].room == all[i - 1].room && strcmp(all[i].name, all[i - 1].name) == 0;
}

static struct dill_error *find_seconds(struct isf_types *isf)
{
	uint32_t limit = isf->graph->limit;
	struct named *all = calloc((size_t)limit + 1, sizeof(*all));
	size_t count = 0;

	isf->is_second = calloc((size_t)limit + 1, 1);
	if (!all || !isf->is_second) {
		free(all);
		return error_no_memory();
	}
	for (type_id id = 1; id < limit; id++) {
		struct type type;

		if (described(isf, id) == id && get(isf, id, &type) && room_of(&type) && *type.name)
			all[count++] = (struct named){type.name, room_of(&type),
						      type.kind == TYPE_FORWARD, id};
	}
	qsort(all, count, sizeof(*all), compare);
	settle(isf, all, count);
	free(all);
	return NULL;
}

struct dill_error *isf_types_begin(const struct type_graph *graph, struct strbuf *text,
				   struct isf_types *ret)
{
	*ret = (struct isf_types){.graph = graph, .text = text, .left_out = graph->bad};
	return find_seconds(ret);
}

/* A declaration is the type of that name, if there is one; of base types one is as good as another.
 */
static bool shares_name(const struct isf_types *isf, const struct type *type)
{
	return isf->is_second[type->id] &&
	       (type->kind == TYPE_FORWARD || room_of(type) == ROOM_BASE);
}

static void append_name(struct isf_types *isf, const struct type *type)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf name = {0};

	if (!*type->name)
		strbuf_append_format(&name, "unnamed_%" PRIu32, type->id);
	else if (isf->is_second[type->id] && !shares_name(isf, type))
		strbuf_append_format(&name, "%s__%" PRIu32, type->name, type->id);
	else
		strbuf_append(&name, type->name);
	isf_append_text(isf->text, strbuf_get(&name));
}

/* --- references --- */

static void append_named(struct isf_types *isf, const char *kind, const struct type *type)
{
	strbuf_append_format(isf->text, "{\"kind\":\"%s\",\"name\":", kind);
	append_name(isf, type);
	strbuf_append_char(isf->text, '}');
}

/* Past typedefs, qualifiers and tags, which the table does not have: chains end, says the graph. */
static bool strip(const struct isf_types *isf, type_id id, struct type *ret)
{
	id = described(isf, id);
	while (id && get(isf, id, ret)) {
		if (ret->kind != TYPE_TYPEDEF && ret->kind != TYPE_CONST &&
		    ret->kind != TYPE_VOLATILE && ret->kind != TYPE_RESTRICT &&
		    ret->kind != TYPE_TAG)
			return true;
		id = described(isf, ret->target);
	}
	return false;
}

/* What a type is whose description does not go on. */
static void append_last(struct isf_types *isf, const struct type *type)
{
	switch (room_of(type)) {
	case ROOM_BASE:
		append_named(isf, "base", type);
		return;
	case ROOM_USER:
		append_named(isf, is_union(type) ? "union" : "struct", type);
		return;
	case ROOM_ENUM:
		append_named(isf, "enum", type);
		return;
	case ROOM_NONE:
		strbuf_append(isf->text,
			      type->kind == TYPE_FUNCTION ? "{\"kind\":\"function\"}" : VOID);
	}
}

void isf_append_reference(struct isf_types *isf, type_id id)
{
	struct type type = {.kind = TYPE_VOID};
	size_t levels = 0;

	while (strip(isf, id, &type) && (type.kind == TYPE_POINTER || type.kind == TYPE_ARRAY)) {
		if (type.kind == TYPE_POINTER)
			strbuf_append(isf->text, "{\"kind\":\"pointer\",\"subtype\":");
		else
			strbuf_append_format(
				isf->text, "{\"kind\":\"array\",\"count\":%" PRIu32 ",\"subtype\":",
				type.count);
		id = type.target;
		type = (struct type){.kind = TYPE_VOID};
		levels++;
	}
	append_last(isf, &type);
	strbuf_append_repeated(isf->text, '}', levels);
}

/* --- base types --- */

static const char *base_kind(const struct type *type)
{
	if (type->kind == TYPE_FLOAT)
		return "float";
	if (type->encoding == INT_BOOL)
		return "bool";
	return type->size == 1 && strstr(type->name, "char") ? "char" : "int";
}

static bool is_signed(const struct type *type)
{
	return type->kind == TYPE_FLOAT || type->encoding == INT_SIGNED ||
	       type->encoding == INT_CHAR;
}

/* The number that an enum is kept in, by any name that a base type of that kind has. */
static bool find_number(const struct isf_types *isf, const struct type *type, struct type *ret)
{
	for (size_t i = 0; i < isf->number_count; i++)
		if (get(isf, isf->numbers[i], ret) && ret->size == type->size &&
		    is_signed(ret) == is_signed(type))
			return true;
	return false;
}

static void add_number(struct isf_types *isf, const struct type *type)
{
	struct type same;

	if (type->kind == TYPE_INT && type->encoding != INT_BOOL &&
	    isf->number_count < ISF_NUMBERS_MAX && !find_number(isf, type, &same))
		isf->numbers[isf->number_count++] = type->id;
}

static void append_base(struct isf_types *isf, const struct type *type)
{
	add_number(isf, type);
	append_name(isf, type);
	strbuf_append_format(isf->text,
			     ":{\"size\":%" PRIu64
			     ",\"signed\":%s,\"kind\":\"%s\",\"endian\":\"little\"}",
			     type->size, is_signed(type) ? "true" : "false", base_kind(type));
}

/* --- structs and unions --- */

static void append_field_name(struct isf_types *isf, const struct type_member *member,
			      uint32_t index)
{
	if (*member->name)
		isf_append_text(isf->text, member->name);
	else
		strbuf_append_format(isf->text, "\"unnamed_field_%" PRIu32 "\"", index);
}

/* Where a member is: a byte, and of bits how far behind it, counted in words of their own type. */
struct field_place {
	uint64_t offset, bit;
};

static bool place_bits(const struct type *type, const struct type_member *member,
		       const struct type *own, struct field_place *ret)
{
	uint64_t word = own->size;

	if (!word || word > type->size || member->bit_offset / 8 >= type->size ||
	    (room_of(own) != ROOM_BASE && room_of(own) != ROOM_ENUM))
		return false;
	ret->offset = member->bit_offset / 8 / word * word;
	ret->bit = member->bit_offset - ret->offset * 8;
	if (ret->bit + member->bit_size > word * 8) { /* packed */
		ret->offset = member->bit_offset / 8;
		ret->bit = member->bit_offset % 8;
	}
	return ret->bit + member->bit_size <= word * 8;
}

static bool place_member(struct isf_types *isf, const struct type *type,
			 const struct type_member *member, struct type *ret_own,
			 struct field_place *ret)
{
	if (!strip(isf, member->type, ret_own))
		return false;
	if (member->bit_size)
		return place_bits(type, member, ret_own, ret);
	*ret = (struct field_place){.offset = member->bit_offset / 8};
	return ret_own->size <= type->size && ret->offset <= type->size - ret_own->size;
}

static void append_field(struct isf_types *isf, const struct type_member *member, uint32_t index,
			 const struct type *own, struct field_place place)
{
	append_field_name(isf, member, index);
	strbuf_append(isf->text, ":{\"type\":");
	if (member->bit_size) {
		strbuf_append_format(isf->text,
				     "{\"kind\":\"bitfield\",\"bit_position\":%" PRIu64
				     ",\"bit_length\":%" PRIu32 ",\"type\":",
				     place.bit, member->bit_size);
		isf_append_reference(isf, own->id);
		strbuf_append_char(isf->text, '}');
	} else {
		isf_append_reference(isf, member->type);
	}
	strbuf_append_format(isf->text, ",\"offset\":%" PRIu64 "%s}", place.offset,
			     *member->name ? "" : ",\"anonymous\":true");
}

static void append_fields(struct isf_types *isf, const struct type *type)
{
	bool is_first = true;

	for (uint32_t i = 0; i < type->count; i++) {
		struct type_member member;
		struct field_place place;
		struct type own;
		struct dill_error *error = types_member(isf->graph->types, type->id, i, &member);

		if (!error && place_member(isf, type, &member, &own, &place)) {
			append_comma(isf->text, &is_first);
			append_field(isf, &member, i, &own, place);
		} else {
			isf->left_out++;
		}
		dill_error_free(error);
	}
}

static void append_user(struct isf_types *isf, const struct type *type)
{
	append_name(isf, type);
	strbuf_append_format(isf->text, ":{\"kind\":\"%s\",\"size\":%" PRIu64 ",\"fields\":{",
			     is_union(type) ? "union" : "struct", type->size);
	if (type->kind != TYPE_FORWARD)
		append_fields(isf, type);
	strbuf_append(isf->text, "}}");
}

/* --- enums --- */

static void append_enum(struct isf_types *isf, const struct type *type)
{
	bool is_first = true;
	struct type base;

	append_name(isf, type);
	strbuf_append_format(isf->text, ":{\"size\":%" PRIu64 ",\"base\":", type->size);
	if (find_number(isf, type, &base))
		append_name(isf, &base);
	else
		strbuf_append(isf->text, "\"void\"");
	strbuf_append(isf->text, ",\"constants\":{");
	for (uint32_t i = 0; i < type->count; i++) {
		struct type_enumerator item;
		struct dill_error *error = types_enumerator(isf->graph->types, type->id, i, &item);

		if (!error) {
			append_comma(isf->text, &is_first);
			isf_append_text(isf->text, item.name);
			strbuf_append_format(isf->text, is_signed(type) ? ":%" PRId64 : ":%" PRIu64,
					     item.value);
		}
		isf->left_out += error != NULL;
		dill_error_free(error);
	}
	strbuf_append(isf->text, "}}");
}

/* --- all --- */

static void append_room(struct isf_types *isf, const char *name, enum room room,
			void (*append)(struct isf_types *isf, const struct type *type))
{
	bool is_first = true;

	strbuf_append_format(isf->text, "\"%s\":{", name);
	if (room == ROOM_BASE) {
		strbuf_append(isf->text, NOTHING "," POINTER);
		is_first = false;
	}
	for (type_id id = 1; id < isf->graph->limit; id++) {
		struct type type;

		if (described(isf, id) != id || !get(isf, id, &type) || room_of(&type) != room ||
		    shares_name(isf, &type))
			continue;
		append_comma(isf->text, &is_first);
		append(isf, &type);
		isf->types++;
	}
	strbuf_append(isf->text, "},\n");
}

void isf_append_types(struct isf_types *isf)
{
	append_room(isf, "base_types", ROOM_BASE, append_base);
	append_room(isf, "user_types", ROOM_USER, append_user);
	append_room(isf, "enums", ROOM_ENUM, append_enum);
}

void isf_types_deinit(struct isf_types *isf)
{
	free(isf->is_second);
}
