/* SPDX-License-Identifier: MIT */
/*
 * A reader of BTF blobs that may be forged.
 *
 * Why not libbpf: the version that stable distributions carry (1.1) takes ids, offsets and strings
 * of a blob on trust, because the kernel checks them when a program is loaded, and it cannot read
 * the wider btf_type.info of 7.2. Here the blob is memory of a hostile target.
 *
 * Opening makes one pass that finds where each type starts and that its name is a name; without
 * that no id means anything, so a blob that fails it is refused. What hangs on a type (members,
 * enumerators, ids of other types) is checked when it is read, so that one broken type hides no
 * other.
 */
#include <stdlib.h>
#include <string.h>

#include "types/btf_blob.h"
#include "types/name_hash.h"

const struct btf_kind_facts btf_kinds[BTF_KIND_COUNT] = {
	[BTF_INT] = {TYPE_INT, 4, 0, true},
	[BTF_PTR] = {TYPE_POINTER, 0, 0, false},
	[BTF_ARRAY] = {TYPE_ARRAY, 12, 0, false},
	[BTF_STRUCT] = {TYPE_STRUCT, 0, 12, true},
	[BTF_UNION] = {TYPE_UNION, 0, 12, true},
	[BTF_ENUM] = {TYPE_ENUM, 0, 8, true},
	[BTF_FWD] = {TYPE_FORWARD, 0, 0, true},
	[BTF_TYPEDEF] = {TYPE_TYPEDEF, 0, 0, true},
	[BTF_VOLATILE] = {TYPE_VOLATILE, 0, 0, false},
	[BTF_CONST] = {TYPE_CONST, 0, 0, false},
	[BTF_RESTRICT] = {TYPE_RESTRICT, 0, 0, false},
	[BTF_FUNC] = {TYPE_OTHER, 0, 0, true},
	[BTF_FUNC_PROTO] = {TYPE_FUNCTION, 0, 8, false},
	[BTF_VAR] = {TYPE_OTHER, 4, 0, false},
	[BTF_DATASEC] = {TYPE_OTHER, 0, 12, false},
	[BTF_FLOAT] = {TYPE_FLOAT, 0, 0, true},
	[BTF_DECL_TAG] = {TYPE_OTHER, 4, 0, false},
	[BTF_TYPE_TAG] = {TYPE_TAG, 0, 0, false},
	[BTF_ENUM64] = {TYPE_ENUM, 0, 12, true},
};

const char *btf_name_at(const struct btf *btf, uint32_t offset)
{
	if (offset >= btf->names.size)
		return NULL;

	const char *name = (const char *)btf->names.data + offset;

	return strnlen(name, TYPE_NAME_MAX + 1) <= TYPE_NAME_MAX ? name : NULL;
}

struct dill_error *btf_bad_name(type_id id)
{
	return dill_error_new(DILL_ERROR_BAD_DATA,
			      "BTF type %u: a name lies outside of the string section or is longer "
			      "than %d bytes",
			      id, TYPE_NAME_MAX);
}

struct btf_entry btf_entry_at(const struct btf *btf, size_t offset)
{
	uint32_t info = span_u32(btf->entries, offset + 4);

	return (struct btf_entry){
		.name = span_u32(btf->entries, offset),
		.kind = (enum btf_kind)BTF_INFO_KIND(info),
		.flag = BTF_INFO_FLAG(info),
		.count = BTF_INFO_COUNT(info),
		.size = span_u32(btf->entries, offset + 8),
		.details = offset + BTF_TYPE_SIZE,
	};
}

/* Check the header and find the two sections. */
static struct dill_error *read_header(struct btf *btf, struct span blob)
{
	if (blob.size < BTF_HEADER_SIZE)
		return dill_error_new(DILL_ERROR_BAD_DATA, "BTF of %zu bytes has no header",
				      blob.size);
	if (span_u16(blob, 0) == __builtin_bswap16(BTF_MAGIC))
		return dill_error_new(DILL_ERROR_UNSUPPORTED, "BTF of a big-endian machine");
	if (span_u16(blob, 0) != BTF_MAGIC)
		return dill_error_new(DILL_ERROR_BAD_DATA, "no BTF: it does not start with %#x",
				      BTF_MAGIC);
	if (blob.data[BTF_HEADER_VERSION] != 1)
		return dill_error_new(DILL_ERROR_UNSUPPORTED, "BTF of version %u",
				      blob.data[BTF_HEADER_VERSION]);

	uint32_t header = span_u32(blob, BTF_HEADER_LENGTH);
	uint32_t types_at = span_u32(blob, BTF_HEADER_TYPES_AT);
	uint32_t types_size = span_u32(blob, BTF_HEADER_TYPES_SIZE);
	uint32_t names_at = span_u32(blob, BTF_HEADER_NAMES_AT);
	uint32_t names_size = span_u32(blob, BTF_HEADER_NAMES_SIZE);

	if (header < BTF_HEADER_SIZE || header > blob.size)
		return dill_error_new(DILL_ERROR_BAD_DATA, "BTF header of %u bytes", header);

	struct span rest = span_cut(blob, header, blob.size);

	if (!span_holds(rest, types_at, types_size) || !span_holds(rest, names_at, names_size))
		return dill_error_new(DILL_ERROR_BAD_DATA,
				      "BTF sections reach past its %zu bytes: it is cut short",
				      blob.size);
	btf->entries = span_cut(rest, types_at, types_size);
	btf->names = span_cut(rest, names_at, names_size);
	if (names_size == 0 || btf->names.data[0] || btf->names.data[names_size - 1])
		return dill_error_new(DILL_ERROR_BAD_DATA,
				      "BTF string section does not start and end with a NUL");
	return NULL;
}

/* Find where each type starts. */
static struct dill_error *index_entries(struct btf *btf)
{
	size_t most = btf->entries.size / BTF_TYPE_SIZE + 1;

	if (most > TYPE_ID_LIMIT)
		return dill_error_new(DILL_ERROR_BAD_DATA, "BTF of impossible size");
	btf->offsets = malloc(most * sizeof(*btf->offsets));
	if (!btf->offsets)
		return error_no_memory();
	btf->offsets[0] = 0;
	btf->limit = 1;
	for (size_t at = 0; at < btf->entries.size;) {
		type_id id = btf->limit;

		if (!span_holds(btf->entries, at, BTF_TYPE_SIZE))
			return dill_error_new(DILL_ERROR_BAD_DATA, "BTF type %u is cut off", id);

		struct btf_entry entry = btf_entry_at(btf, at);

		if (entry.kind == 0 || entry.kind >= BTF_KIND_COUNT)
			return dill_error_new(DILL_ERROR_BAD_DATA,
					      "BTF type %u is of the unknown kind %u: a newer "
					      "format, or no BTF",
					      id, entry.kind);

		uint64_t details = btf_kinds[entry.kind].once +
				   (uint64_t)btf_kinds[entry.kind].each * entry.count;

		if (!span_holds(btf->entries, entry.details, details))
			return dill_error_new(DILL_ERROR_BAD_DATA,
					      "BTF type %u reaches past the type section", id);
		if (btf_kinds[entry.kind].kind == TYPE_ENUM) {
			TRY(array_push(&btf->enums, id));
			btf->enums_have_sign |= entry.flag || entry.kind == BTF_ENUM64;
		}
		btf->offsets[id] = (uint32_t)at;
		btf->limit++;
		at = entry.details + (size_t)details;
	}
	return NULL;
}

/* Chain the named types and functions by the hash of their name. */
static struct dill_error *index_names(struct btf *btf)
{
	uint32_t count = 64;

	while (count < btf->limit)
		count *= 2;
	btf->bucket_mask = count - 1;
	btf->buckets = calloc(count, sizeof(*btf->buckets));
	btf->chain = calloc(btf->limit, sizeof(*btf->chain));
	if (!btf->buckets || !btf->chain)
		return error_no_memory();
	for (type_id id = 1; id < btf->limit; id++) {
		struct btf_entry entry = btf_entry_at(btf, btf->offsets[id]);

		if (entry.name == 0)
			continue;

		const char *name = btf_name_at(btf, entry.name);

		if (!name)
			return btf_bad_name(id);
		if (!btf_kinds[entry.kind].named)
			continue;

		uint32_t *bucket = &btf->buckets[name_hash(name) & btf->bucket_mask];

		btf->chain[id] = *bucket;
		*bucket = id;
	}
	return NULL;
}

struct dill_error *btf_types_new(uint8_t *blob, size_t size, struct types **ret)
{
	_cleanup_(types_freep)
	struct types *types = NULL;
	struct btf *btf = calloc(1, sizeof(*btf));

	if (!btf) {
		free(blob);
		return error_no_memory();
	}
	types = &btf->types;
	types->ops = &btf_ops;
	btf->blob = blob;
	TRY(read_header(btf, (struct span){blob, size}));
	TRY(index_entries(btf));
	TRY(index_names(btf));
	*ret = steal(types);
	return NULL;
}
