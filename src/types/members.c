/* SPDX-License-Identifier: MIT */
#include "types/members.h"

#include <string.h>

/* Copy the next '|'-separated word of *list into word; false at the end. */
static bool next_word(const char **list, char *word, size_t size)
{
	if (!**list)
		return false;

	size_t length = strcspn(*list, "|");
	size_t copied = length < size ? length : size - 1;

	memcpy(word, *list, copied);
	word[copied] = '\0';
	*list += length + ((*list)[length] == '|');
	return true;
}

static struct member from_place(const struct type_place *place)
{
	struct member member = {
		.present = true,
		.offset = (uint32_t)(place->bit_offset / 8),
		.size = (uint32_t)place->size,
	};

	if (place->bit_size) {
		member.bit_shift = place->bit_offset % 8;
		member.bit_size = (uint8_t)(place->bit_size > 64 ? 64 : place->bit_size);
		member.size = (member.bit_shift + member.bit_size + 7u) / 8;
	}
	return member;
}

/* The first of a row's structs and paths that is there. */
static bool find_place(struct types *types, const struct member_row *row, char name[static 64],
		       char path[static 64], struct type_place *ret)
{
	const char *structs = row->structs;

	while (next_word(&structs, name, 64)) {
		const char *paths = row->paths;
		type_id id;

		if (!types_has_struct(types, name, &id))
			continue;
		while (next_word(&paths, path, 64))
			if (types_has_member(types, id, path, ret) &&
			    ret->bit_offset / 8 < UINT32_MAX && ret->size < UINT32_MAX)
				return true;
	}
	return false;
}

static bool find_in_types(void *context, const struct member_row *row, struct member *ret)
{
	struct type_place place;
	char name[64], path[64];

	if (!find_place(context, row, name, path, &place))
		return false;
	*ret = from_place(&place);
	return true;
}

void members_append_name(struct types *types, const struct member_row *row, struct strbuf *text)
{
	struct type_place place;
	char name[64], path[64];

	if (find_place(types, row, name, path, &place))
		strbuf_append_format(text, "%s.%s", name, path);
	else
		strbuf_append_format(text, "%s.%s", row->structs, row->paths);
}

struct member_source members_of_types(struct types *types)
{
	return (struct member_source){find_in_types, types};
}

void members_resolve(struct member_source source, const struct member_row *rows, size_t count,
		     void *room)
{
	for (size_t i = 0; i < count; i++) {
		struct member member = {0};

		source.find(source.context, &rows[i], &member);
		memcpy((char *)room + rows[i].field, &member, sizeof(member));
	}
}

const struct member_row *members_missing(const struct member_row *rows, size_t count,
					 const void *room, unsigned need)
{
	for (size_t i = 0; i < count; i++) {
		struct member member;

		memcpy(&member, (const char *)room + rows[i].field, sizeof(member));
		if (rows[i].need == need && !member.present)
			return &rows[i];
	}
	return NULL;
}

uint64_t members_struct_size(struct types *types, const char *names)
{
	char name[64];

	while (next_word(&names, name, sizeof(name))) {
		struct dill_error *error;
		struct type type;
		type_id id;

		if (!types_has_struct(types, name, &id))
			continue;
		error = types_get(types, id, &type);
		if (!error)
			return type.size;
		dill_error_free(error);
	}
	return 0;
}

uint64_t member_get(struct member member, struct span bytes)
{
	uint64_t value = 0;

	if (!member.present || member.size > sizeof(value) ||
	    !span_holds(bytes, member.offset, member.size))
		return 0;
	memcpy(&value, bytes.data + member.offset, member.size);
	if (member.bit_size)
		value = value >> member.bit_shift &
			(member.bit_size == 64 ? UINT64_MAX : (UINT64_C(1) << member.bit_size) - 1);
	return value;
}
