/* SPDX-License-Identifier: MIT */
/* Types out of a BTF blob that btf_open.c has indexed; it says there what is checked when. */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "types/btf_blob.h"
#include "types/name_hash.h"

static struct btf *btf_of(struct types *types)
{
	return (struct btf *)types;
}

static void btf_free(struct types *types)
{
	struct btf *btf = btf_of(types);

	free(btf->blob);
	free(btf->offsets);
	free(btf->buckets);
	free(btf->chain);
	array_free(&btf->enums);
	free(btf);
}

static uint32_t btf_id_limit(struct types *types)
{
	return btf_of(types)->limit;
}

static struct dill_error *read_entry(const struct btf *btf, type_id id, struct btf_entry *ret)
{
	if (id == 0 || id >= btf->limit)
		return dill_error_new(DILL_ERROR_BAD_DATA,
				      "BTF type %u does not exist: ids end at %u", id,
				      btf->limit - 1);
	*ret = btf_entry_at(btf, btf->offsets[id]);
	return NULL;
}

/* Bytes of a type. Names for other types have the size of what they name, and an array of arrays
 * multiplies. */
static struct dill_error *size_of(const struct btf *btf, type_id id, uint64_t *ret)
{
	uint64_t times = 1;
	struct btf_entry entry;
	type_id at = id;

	for (int depth = 0; depth < TYPE_DEPTH_MAX; depth++) {
		uint64_t size = 0;

		if (at == 0) {
			*ret = 0;
			return NULL;
		}
		TRY(read_entry(btf, at, &entry));
		switch (btf_kinds[entry.kind].kind) {
		case TYPE_INT:
		case TYPE_FLOAT:
		case TYPE_STRUCT:
		case TYPE_UNION:
		case TYPE_ENUM:
			size = entry.size;
			break;
		case TYPE_POINTER:
			size = TYPE_POINTER_SIZE;
			break;
		case TYPE_ARRAY:
			if (checked_mul(times, span_u32(btf->entries, entry.details + 8), &times))
				return dill_error_new(DILL_ERROR_BAD_DATA,
						      "BTF type %u: array of impossible size", id);
			at = span_u32(btf->entries, entry.details);
			continue;
		case TYPE_TYPEDEF:
		case TYPE_CONST:
		case TYPE_VOLATILE:
		case TYPE_RESTRICT:
		case TYPE_TAG:
			at = entry.size;
			continue;
		default:
			break;
		}
		if (checked_mul(times, size, ret))
			return dill_error_new(DILL_ERROR_BAD_DATA,
					      "BTF type %u: array of impossible size", id);
		return NULL;
	}
	return dill_error_new(DILL_ERROR_BAD_DATA, "BTF type %u: endless chain of types", id);
}

static enum int_encoding int_encoding(uint32_t details)
{
	if (details & BTF_INT_IS_BOOL)
		return INT_BOOL;
	return details & BTF_INT_IS_SIGNED ? INT_SIGNED : INT_UNSIGNED;
}

static bool enum_is_signed(const struct btf *btf, const struct btf_entry *entry)
{
	/*
	 * The flag came with ENUM64 (6089fb325cf7 "bpf: Add btf enum64 support", 6.0). Before, the
	 * value of every enumerator was documented as signed, and blobs of that time set no flag.
	 */
	return entry->flag || (entry->kind == BTF_ENUM && !btf->enums_have_sign);
}

static struct dill_error *btf_get(struct types *types, type_id id, struct type *ret)
{
	struct btf *btf = btf_of(types);
	struct btf_entry entry;

	TRY(read_entry(btf, id, &entry));

	struct type type = {.id = id, .kind = btf_kinds[entry.kind].kind};

	type.name = btf_name_at(btf, entry.name);
	if (!type.name)
		return btf_bad_name(id);
	switch (type.kind) {
	case TYPE_INT:
		if (entry.size == 0 || entry.size > 16)
			return dill_error_new(DILL_ERROR_BAD_DATA,
					      "BTF type %u: integer of %u bytes", id, entry.size);
		type.encoding = int_encoding(span_u32(btf->entries, entry.details));
		break;
	case TYPE_ENUM:
		if (entry.size == 0 || entry.size > 8)
			return dill_error_new(DILL_ERROR_BAD_DATA, "BTF type %u: enum of %u bytes",
					      id, entry.size);
		type.encoding = enum_is_signed(btf, &entry) ? INT_SIGNED : INT_UNSIGNED;
		type.count = entry.count;
		break;
	case TYPE_ARRAY:
		type.target = span_u32(btf->entries, entry.details);
		type.count = span_u32(btf->entries, entry.details + 8);
		break;
	case TYPE_STRUCT:
	case TYPE_UNION:
		type.count = entry.count;
		break;
	case TYPE_FORWARD:
		type.forward = entry.flag ? TYPE_UNION : TYPE_STRUCT;
		break;
	case TYPE_FUNCTION:
		type.count = entry.count;
		type.target = entry.size;
		break;
	case TYPE_OTHER:
		type.target = entry.kind == BTF_DATASEC ? 0 : entry.size;
		break;
	case TYPE_FLOAT:
		break;
	default:
		type.target = entry.size;
		break;
	}
	if (type.target >= btf->limit)
		return dill_error_new(DILL_ERROR_BAD_DATA, "BTF type %u refers to type %u of %u",
				      id, type.target, btf->limit);
	TRY(size_of(btf, id, &type.size));
	*ret = type;
	return NULL;
}

/* The entry of @p id, checked to be one of @p wanted kinds and to have an item @p index. */
static struct dill_error *read_item(const struct btf *btf, type_id id, unsigned wanted,
				    uint32_t index, struct btf_entry *ret)
{
	TRY(read_entry(btf, id, ret));
	if (!(wanted & 1u << btf_kinds[ret->kind].kind) || index >= ret->count)
		return dill_error_new(DILL_ERROR_BAD_DATA, "BTF type %u has no item %u", id, index);
	return NULL;
}

static struct dill_error *btf_member(struct types *types, type_id id, uint32_t index,
				     struct type_member *ret)
{
	struct btf *btf = btf_of(types);
	struct btf_entry entry;

	TRY(read_item(btf, id, 1u << TYPE_STRUCT | 1u << TYPE_UNION, index, &entry));

	size_t at = entry.details + 12 * (size_t)index;
	uint32_t offset = span_u32(btf->entries, at + 8);
	struct type_member member = {
		.name = btf_name_at(btf, span_u32(btf->entries, at)),
		.type = span_u32(btf->entries, at + 4),
		.bit_offset = entry.flag ? BTF_MEMBER_BIT_OFFSET(offset) : offset,
		.bit_size = entry.flag ? BTF_MEMBER_BIT_SIZE(offset) : 0,
	};

	if (!member.name)
		return btf_bad_name(id);
	if (member.type >= btf->limit)
		return dill_error_new(DILL_ERROR_BAD_DATA, "BTF type %u: member of type %u of %u",
				      id, member.type, btf->limit);
	*ret = member;
	return NULL;
}

static int64_t enumerator_value(const struct btf *btf, const struct btf_entry *entry, size_t at)
{
	uint32_t low = span_u32(btf->entries, at + 4);

	if (entry->kind == BTF_ENUM64)
		return (int64_t)(low | (uint64_t)span_u32(btf->entries, at + 8) << 32);
	return enum_is_signed(btf, entry) ? (int32_t)low : (int64_t)low;
}

static struct dill_error *btf_enumerator(struct types *types, type_id id, uint32_t index,
					 struct type_enumerator *ret)
{
	struct btf *btf = btf_of(types);
	struct btf_entry entry;

	TRY(read_item(btf, id, 1u << TYPE_ENUM, index, &entry));

	size_t at = entry.details + btf_kinds[entry.kind].each * (size_t)index;
	const char *name = btf_name_at(btf, span_u32(btf->entries, at));

	if (!name)
		return btf_bad_name(id);
	*ret = (struct type_enumerator){name, enumerator_value(btf, &entry, at)};
	return NULL;
}

static struct dill_error *btf_enum_value(struct types *types, const char *name, int64_t *ret)
{
	struct btf *btf = btf_of(types);
	size_t length = strlen(name) + 1;

	for (size_t i = 0; i < btf->enums.count; i++) {
		struct btf_entry entry = btf_entry_at(btf, btf->offsets[btf->enums.items[i]]);
		size_t each = btf_kinds[entry.kind].each;

		for (uint32_t index = 0; index < entry.count; index++) {
			size_t at = entry.details + each * index;
			uint32_t offset = span_u32(btf->entries, at);

			/* With its NUL, so that only the whole name is equal. */
			if (span_holds(btf->names, offset, length) &&
			    memcmp(btf->names.data + offset, name, length) == 0) {
				*ret = enumerator_value(btf, &entry, at);
				return NULL;
			}
		}
	}
	return dill_error_new(DILL_ERROR_NOT_FOUND, "no enumerator %s", name);
}

static struct dill_error *btf_parameter(struct types *types, type_id id, uint32_t index,
					struct type_parameter *ret)
{
	struct btf *btf = btf_of(types);
	struct btf_entry entry;

	TRY(read_item(btf, id, 1u << TYPE_FUNCTION, index, &entry));

	size_t at = entry.details + 8 * (size_t)index;
	struct type_parameter parameter = {
		.name = btf_name_at(btf, span_u32(btf->entries, at)),
		.type = span_u32(btf->entries, at + 4),
	};

	if (!parameter.name)
		return btf_bad_name(id);
	if (parameter.type >= btf->limit)
		return dill_error_new(DILL_ERROR_BAD_DATA,
				      "BTF type %u: parameter of type %u of %u", id, parameter.type,
				      btf->limit);
	*ret = parameter;
	return NULL;
}

/* The smallest id of that name whose entry is accepted; 0 when there is none. */
static type_id find_entry(const struct btf *btf, const char *name,
			  bool (*accept)(const struct btf_entry *entry, unsigned wanted),
			  unsigned wanted)
{
	type_id found = 0;

	for (type_id id = btf->buckets[name_hash(name) & btf->bucket_mask]; id;
	     id = btf->chain[id]) {
		struct btf_entry entry = btf_entry_at(btf, btf->offsets[id]);

		if (accept(&entry, wanted) &&
		    strcmp((const char *)btf->names.data + entry.name, name) == 0)
			found = id;
	}
	return found;
}

static bool is_of_kind(const struct btf_entry *entry, unsigned wanted)
{
	return entry->kind != BTF_FUNC && wanted & 1u << btf_kinds[entry->kind].kind;
}

static struct dill_error *btf_find(struct types *types, const char *name, unsigned wanted,
				   type_id *ret)
{
	type_id id = find_entry(btf_of(types), name, is_of_kind, wanted);

	if (!id)
		return dill_error_new(DILL_ERROR_NOT_FOUND, "no type %s", name);
	*ret = id;
	return NULL;
}

static bool is_function(const struct btf_entry *entry, unsigned wanted)
{
	(void)wanted;
	return entry->kind == BTF_FUNC;
}

static struct dill_error *btf_function(struct types *types, const char *name, type_id *ret)
{
	struct btf *btf = btf_of(types);
	type_id id = find_entry(btf, name, is_function, 0);
	struct btf_entry entry;

	if (!id)
		return dill_error_new(DILL_ERROR_NOT_FOUND, "no types of function %s", name);

	type_id prototype = btf_entry_at(btf, btf->offsets[id]).size;

	TRY(read_entry(btf, prototype, &entry));
	if (entry.kind != BTF_FUNC_PROTO)
		return dill_error_new(DILL_ERROR_BAD_DATA,
				      "BTF type %u: function without prototype", id);
	*ret = prototype;
	return NULL;
}

const struct types_ops btf_ops = {
	.name = "BTF",
	.get = btf_get,
	.member = btf_member,
	.enumerator = btf_enumerator,
	.parameter = btf_parameter,
	.find = btf_find,
	.function = btf_function,
	.enum_value = btf_enum_value,
	.id_limit = btf_id_limit,
	.free = btf_free,
};
