/* SPDX-License-Identifier: MIT */
/* Members by path: "cred.uid", "a[3].b". */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/suggest.h"
#include "types/type.h"

/*
 * Members looked at in one search. A forged struct may hold itself several times as an anonymous
 * member, which makes the search tree explode long before it gets deep.
 */
#define SEARCH_MAX (1u << 20)

struct search {
	struct types *types;
	const char *name;
	size_t length;
	uint32_t left;
	struct suggest *suggest; /* gets every name when not NULL */
};

static bool is_compound(const struct type *type)
{
	return type->kind == TYPE_STRUCT || type->kind == TYPE_UNION;
}

/*
 * Look for the member in @p type and in the anonymous structs and unions inside it, whose members
 * C puts on the same level. *found tells.
 */
static struct dill_error *search_member(struct search *search, const struct type *type,
					uint64_t bit_offset, unsigned depth, bool *found,
					struct type_member *ret)
{
	for (uint32_t index = 0; index < type->count && !*found; index++) {
		struct type_member member;
		struct type inner;

		if (search->left-- == 0)
			return dill_error_new(DILL_ERROR_LIMIT,
					      "type %u has too many anonymous members", type->id);
		TRY(types_member(search->types, type->id, index, &member));
		if (checked_add(bit_offset, member.bit_offset, &member.bit_offset))
			return dill_error_new(DILL_ERROR_BAD_DATA, "type %u: impossible offset",
					      type->id);
		if (member.name[0]) {
			if (search->suggest)
				suggest_offer(search->suggest, member.name);
			if (strncmp(member.name, search->name, search->length) == 0 &&
			    !member.name[search->length]) {
				*found = true;
				*ret = member;
			}
			continue;
		}
		TRY(types_strip(search->types, member.type, &inner));
		if (is_compound(&inner) && depth < TYPE_DEPTH_MAX)
			TRY(search_member(search, &inner, member.bit_offset, depth + 1, found,
					  ret));
	}
	return NULL;
}

static struct dill_error *no_member(const struct search *search, const struct type *type)
{
	struct suggest suggest;
	struct search again = {search->types, search->name, search->length, SEARCH_MAX, &suggest};
	char wanted[SUGGEST_NAME_MAX + 1] = "";
	struct type_member unused;
	bool found = false;

	if (search->length < sizeof(wanted))
		memcpy(wanted, search->name, search->length);
	suggest_init(&suggest, wanted);
	TRY(search_member(&again, type, 0, 0, &found, &unused));
	return dill_error_new(DILL_ERROR_NOT_FOUND, "%s %s has no member %.*s%s",
			      type->kind == TYPE_UNION ? "union" : "struct",
			      type->name[0] ? type->name : "{...}", (int)search->length,
			      search->name, suggest_text(&suggest));
}

/* What a walk along a path carries. */
struct walk {
	struct types *types;
	struct type_place place;
	const char *path, *at; /* the whole path, and what is left of it */
	bool quiet;	       /* the caller asks only whether it is there: no near matches */
	struct dill_error *(*visit)(void *context, const struct type_place *pointer,
				    const char *path, size_t path_length);
	void *context;
};

/* For "%.*s": the path up to a length, or the type itself where there is none yet. */
#define LEADING(walk, length) (length) ? (int)(length) : 8, (length) ? (walk)->path : "the type"

/* Go on in what a pointer points to. */
static struct dill_error *follow_pointer(struct walk *walk, const struct type *pointer,
					 size_t path_length)
{
	struct type target;

	if (walk->visit)
		TRY(walk->visit(walk->context, &walk->place, walk->path, path_length));
	TRY(types_get(walk->types, pointer->target, &target));
	walk->place = (struct type_place){
		.type = pointer->target,
		.size = target.size,
		.through = walk->place.through + 1,
	};
	return NULL;
}

static struct dill_error *enter_member(struct walk *walk, size_t length, size_t path_length)
{
	struct search search = {
		.types = walk->types, .name = walk->at, .length = length, .left = SEARCH_MAX};
	struct type type, member_type;
	struct type_member member;
	bool found = false;

	TRY(types_strip(walk->types, walk->place.type, &type));
	if (type.kind == TYPE_POINTER) {
		TRY(follow_pointer(walk, &type, path_length));
		TRY(types_strip(walk->types, walk->place.type, &type));
	}
	if (type.kind == TYPE_FORWARD)
		return dill_error_new(DILL_ERROR_NOT_FOUND,
				      "struct %s is declared but not defined in this kernel's %s",
				      type.name, walk->types->ops->name);
	if (!is_compound(&type))
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
				      "%.*s has no members: it is no struct or union",
				      LEADING(walk, path_length));
	TRY(search_member(&search, &type, walk->place.bit_offset, 0, &found, &member));
	if (!found && walk->quiet)
		return dill_error_new(DILL_ERROR_NOT_FOUND, "no such member");
	if (!found)
		return no_member(&search, &type);
	TRY(types_get(walk->types, member.type, &member_type));
	walk->place.bit_offset = member.bit_offset;
	walk->place.bit_size = member.bit_size;
	walk->place.type = member.type;
	walk->place.size = member_type.size;
	return NULL;
}

static struct dill_error *enter_element(struct walk *walk, uint64_t index, size_t path_length)
{
	struct type type, element;
	uint64_t bits;

	TRY(types_strip(walk->types, walk->place.type, &type));
	if (type.kind == TYPE_POINTER) {
		TRY(follow_pointer(walk, &type, path_length));
		element.size = walk->place.size;
	} else if (type.kind == TYPE_ARRAY) {
		/* A length of 0 is a flexible array: C lets any index in. */
		if (type.count && index >= type.count)
			return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
					      "%.*s has %u elements, [%llu] is none of them",
					      LEADING(walk, path_length), type.count,
					      (unsigned long long)index);
		TRY(types_get(walk->types, type.target, &element));
		walk->place.type = type.target;
		walk->place.size = element.size;
	} else {
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
				      "%.*s is no array and no pointer",
				      LEADING(walk, path_length));
	}
	if (checked_mul(element.size, 8, &bits) || checked_mul(bits, index, &bits) ||
	    checked_add(walk->place.bit_offset, bits, &walk->place.bit_offset))
		return dill_error_new(DILL_ERROR_INVALID_ARGUMENT, "index %llu is too large",
				      (unsigned long long)index);
	return NULL;
}

static struct dill_error *malformed(const struct walk *walk)
{
	return dill_error_new(DILL_ERROR_INVALID_ARGUMENT,
			      "member \"%s\" is malformed at \"%s\": write like a.b[3].c",
			      walk->path, walk->at);
}

/* "[" NUMBER "]", decimal or 0x. */
static struct dill_error *read_index(struct walk *walk, uint64_t *ret)
{
	const char *digits = walk->at + 1;
	int base = digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X') ? 16 : 10;
	char *end;

	/* Not left to strtoull(), which takes blanks and signs. */
	if (!isdigit((unsigned char)digits[0]))
		return malformed(walk);
	errno = 0;
	*ret = strtoull(digits, &end, base);
	if (errno || *end != ']')
		return malformed(walk);
	walk->at = end + 1;
	return NULL;
}

static size_t word_length(const char *at)
{
	return strcspn(at, ".[]-> \t");
}

static struct dill_error *walk_path(struct walk *walk)
{
	bool first = true;

	while (*walk->at) {
		/* The part of the path that is behind, for messages. */
		size_t behind = (size_t)(walk->at - walk->path);

		if (*walk->at == '[') {
			uint64_t index = 0;

			TRY(read_index(walk, &index));
			TRY(enter_element(walk, index, behind));
			first = false;
			continue;
		}
		if (!first && walk->at[0] == '.')
			walk->at++;
		else if (!first && walk->at[0] == '-' && walk->at[1] == '>')
			walk->at += 2;
		else if (!first)
			return malformed(walk);

		size_t length = word_length(walk->at);

		if (length == 0)
			return malformed(walk);
		TRY(enter_member(walk, length, behind));
		walk->at += length;
		first = false;
	}
	return first ? malformed(walk) : NULL;
}

static struct dill_error *start_walk(struct walk *walk, type_id id)
{
	struct type type;

	TRY(types_get(walk->types, id, &type));
	walk->place = (struct type_place){.type = id, .size = type.size};
	return walk_path(walk);
}

struct dill_error *types_place_steps(struct types *types, type_id id, const char *path,
				     struct dill_error *(*visit)(void *context,
								 const struct type_place *pointer,
								 const char *path,
								 size_t path_length),
				     void *context, struct type_place *ret)
{
	struct walk walk = {
		.types = types, .path = path, .at = path, .visit = visit, .context = context};

	TRY(start_walk(&walk, id));
	*ret = walk.place;
	return NULL;
}

struct dill_error *types_place(struct types *types, type_id id, const char *path,
			       struct type_place *ret)
{
	return types_place_steps(types, id, path, NULL, NULL, ret);
}

bool types_has_member(struct types *types, type_id id, const char *path, struct type_place *ret)
{
	struct walk walk = {.types = types, .path = path, .at = path, .quiet = true};
	_cleanup_(dill_error_freep)
	struct dill_error *error = start_walk(&walk, id);

	if (error || walk.place.through)
		return false;
	if (ret)
		*ret = walk.place;
	return true;
}
