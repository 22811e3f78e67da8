/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>

#include "types/type.h"

/* More members than any struct of a kernel has; all of them are looked at. */
#define MEMBERS_MAX 100000u

/* The first member that holds the byte at @p offset, in a union the first with room there. */
static struct dill_error *find_member(struct types *types, const struct type *type, uint64_t offset,
				      struct type_member *ret, struct type *ret_type,
				      bool *ret_found)
{
	*ret_found = false;
	for (uint32_t i = 0; i < type->count && i < MEMBERS_MAX; i++) {
		uint64_t start, size;

		TRY(types_member(types, type->id, i, ret));
		TRY(types_strip(types, ret->type, ret_type));
		start = ret->bit_offset / 8;
		size = ret->bit_size ? (ret->bit_offset % 8 + ret->bit_size + 7) / 8
				     : ret_type->size;
		*ret_found = offset >= start && offset - start < size;
		if (*ret_found)
			return NULL;
	}
	return NULL;
}

static struct dill_error *enter_struct(struct types *types, struct type *type, uint64_t *offset,
				       struct strbuf *text, bool *ret_found)
{
	struct type_member member;
	struct type of_member;

	TRY(find_member(types, type, *offset, &member, &of_member, ret_found));
	if (!*ret_found)
		return NULL;
	*offset -= member.bit_offset / 8;
	if (*member.name) {
		if (text->length)
			strbuf_append_char(text, '.');
		strbuf_append_escaped(text, member.name, strlen(member.name));
	}
	*type = of_member;
	return NULL;
}

static struct dill_error *enter_array(struct types *types, struct type *type, uint64_t *offset,
				      struct strbuf *text, bool *ret_found)
{
	struct type element;

	TRY(types_strip(types, type->target, &element));
	*ret_found = element.size;
	if (!*ret_found)
		return NULL;
	strbuf_append_format(text, "[%" PRIu64 "]", *offset / element.size);
	*offset %= element.size;
	*type = element;
	return NULL;
}

struct dill_error *types_path_at(struct types *types, type_id id, uint64_t offset,
				 struct strbuf *text)
{
	struct type type;
	bool found = true;

	TRY(types_strip(types, id, &type));
	for (unsigned depth = 0; found && depth < TYPE_DEPTH_MAX; depth++) {
		if (type.kind == TYPE_STRUCT || type.kind == TYPE_UNION)
			TRY(enter_struct(types, &type, &offset, text, &found));
		else if (type.kind == TYPE_ARRAY)
			TRY(enter_array(types, &type, &offset, text, &found));
		else
			found = false;
	}
	if (offset && text->length)
		strbuf_append_format(text, "+%" PRIu64, offset);
	return strbuf_error(text);
}
