/* SPDX-License-Identifier: MIT */
/*
 * Compare dill's reading of a BTF blob with libbpf's, type by type.
 *
 *     compare_btf_libbpf BLOB
 *
 * libbpf trusts a blob, so this is for blobs of compilers and kernels, not for forged ones. Prints
 * what differs and a line of totals; exit status 1 when anything differs.
 */
#include <bpf/btf.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "types/type.h"

static unsigned differences;
static unsigned long members, enumerators, parameters;

static void differs(uint32_t id, const char *what, uint64_t ours, uint64_t theirs)
{
	if (differences++ < 20)
		printf("type %u: %s is %" PRIu64 ", libbpf says %" PRIu64 "\n", id, what, ours,
		       theirs);
}

static void expect(uint32_t id, const char *what, uint64_t ours, uint64_t theirs)
{
	if (ours != theirs)
		differs(id, what, ours, theirs);
}

static void expect_name(uint32_t id, const char *ours, const char *theirs)
{
	if (strcmp(ours, theirs) == 0)
		return;
	if (differences++ < 20)
		printf("type %u: name is \"%s\", libbpf says \"%s\"\n", id, ours, theirs);
}

static bool failed(uint32_t id, struct dill_error *error)
{
	if (!error)
		return false;
	if (differences++ < 20)
		printf("type %u: %s\n", id, dill_error_text(error));
	dill_error_free(error);
	return true;
}

static enum type_kind kind_of(const struct btf_type *type)
{
	static const enum type_kind kinds[] = {
		[BTF_KIND_INT] = TYPE_INT,
		[BTF_KIND_PTR] = TYPE_POINTER,
		[BTF_KIND_ARRAY] = TYPE_ARRAY,
		[BTF_KIND_STRUCT] = TYPE_STRUCT,
		[BTF_KIND_UNION] = TYPE_UNION,
		[BTF_KIND_ENUM] = TYPE_ENUM,
		[BTF_KIND_FWD] = TYPE_FORWARD,
		[BTF_KIND_TYPEDEF] = TYPE_TYPEDEF,
		[BTF_KIND_VOLATILE] = TYPE_VOLATILE,
		[BTF_KIND_CONST] = TYPE_CONST,
		[BTF_KIND_RESTRICT] = TYPE_RESTRICT,
		[BTF_KIND_FUNC] = TYPE_OTHER,
		[BTF_KIND_FUNC_PROTO] = TYPE_FUNCTION,
		[BTF_KIND_VAR] = TYPE_OTHER,
		[BTF_KIND_DATASEC] = TYPE_OTHER,
		[BTF_KIND_FLOAT] = TYPE_FLOAT,
		[BTF_KIND_DECL_TAG] = TYPE_OTHER,
		[BTF_KIND_TYPE_TAG] = TYPE_TAG,
		[BTF_KIND_ENUM64] = TYPE_ENUM,
	};

	return kinds[btf_kind(type)];
}

static void compare_members(struct types *types, const struct btf *btf, uint32_t id,
			    const struct btf_type *theirs)
{
	for (uint32_t i = 0; i < btf_vlen(theirs); i++, members++) {
		const struct btf_member *their = btf_members(theirs) + i;
		struct type_member our;

		if (failed(id, types_member(types, id, i, &our)))
			continue;
		expect_name(id, our.name, btf__name_by_offset(btf, their->name_off));
		expect(id, "type of a member", our.type, their->type);
		expect(id, "bit offset", our.bit_offset, btf_member_bit_offset(theirs, i));
		expect(id, "bit size", our.bit_size, btf_member_bitfield_size(theirs, i));
	}
}

static void compare_enumerators(struct types *types, const struct btf *btf, uint32_t id,
				const struct btf_type *theirs)
{
	for (uint32_t i = 0; i < btf_vlen(theirs); i++, enumerators++) {
		struct type_enumerator our;
		uint32_t name;
		uint64_t value;

		if (failed(id, types_enumerator(types, id, i, &our)))
			continue;
		if (btf_is_enum64(theirs)) {
			name = btf_enum64(theirs)[i].name_off;
			value = btf_enum64_value(btf_enum64(theirs) + i);
			expect(id, "enumerator", (uint64_t)our.value, value);
		} else {
			name = btf_enum(theirs)[i].name_off;
			expect(id, "enumerator", (uint32_t)our.value,
			       (uint32_t)btf_enum(theirs)[i].val);
		}
		expect_name(id, our.name, btf__name_by_offset(btf, name));
	}
}

static void compare_parameters(struct types *types, const struct btf *btf, uint32_t id,
			       const struct btf_type *theirs)
{
	for (uint32_t i = 0; i < btf_vlen(theirs); i++, parameters++) {
		const struct btf_param *their = btf_params(theirs) + i;
		struct type_parameter our;

		if (failed(id, types_parameter(types, id, i, &our)))
			continue;
		expect_name(id, our.name, btf__name_by_offset(btf, their->name_off));
		expect(id, "parameter", our.type, their->type);
	}
}

static void compare_int(const struct type *our, const struct btf_type *theirs)
{
	bool is_signed = btf_int_encoding(theirs) & BTF_INT_SIGNED;
	bool is_bool = btf_int_encoding(theirs) & BTF_INT_BOOL;

	expect(our->id, "bool", our->encoding == INT_BOOL, is_bool);
	if (our->encoding != INT_BOOL && our->encoding != INT_CHAR)
		expect(our->id, "signed", our->encoding == INT_SIGNED, is_signed);
}

static void compare_type(struct types *types, const struct btf *btf, uint32_t id)
{
	const struct btf_type *theirs = btf__type_by_id(btf, id);
	struct type our;

	if (failed(id, types_get(types, id, &our)))
		return;
	expect(id, "kind", our.kind, kind_of(theirs));
	expect_name(id, our.name, btf__name_by_offset(btf, theirs->name_off));

	long long size = btf__resolve_size(btf, id);

	/* libbpf has no size for functions, void and what is only declared. */
	if (size >= 0 && our.kind != TYPE_OTHER)
		expect(id, "size", our.size, (uint64_t)size);
	switch (our.kind) {
	case TYPE_INT:
		compare_int(&our, theirs);
		break;
	case TYPE_STRUCT:
	case TYPE_UNION:
		expect(id, "member count", our.count, btf_vlen(theirs));
		compare_members(types, btf, id, theirs);
		break;
	case TYPE_ENUM:
		expect(id, "enumerator count", our.count, btf_vlen(theirs));
		compare_enumerators(types, btf, id, theirs);
		break;
	case TYPE_FUNCTION:
		expect(id, "parameter count", our.count, btf_vlen(theirs));
		expect(id, "returned type", our.target, theirs->type);
		compare_parameters(types, btf, id, theirs);
		break;
	case TYPE_ARRAY:
		expect(id, "element count", our.count, btf_array(theirs)->nelems);
		expect(id, "element", our.target, btf_array(theirs)->type);
		break;
	case TYPE_FORWARD:
		expect(id, "forward union", our.forward == TYPE_UNION, btf_kflag(theirs));
		break;
	case TYPE_FLOAT:
	case TYPE_OTHER:
		break;
	default:
		expect(id, "target", our.target, theirs->type);
	}
}

/* libbpf's first type of a name and kind is what dill finds. */
static void compare_find(struct types *types, const struct btf *btf, uint32_t id)
{
	static const struct {
		enum type_kind kind;
		uint32_t btf_kind;
	} kinds[] = {
		{TYPE_STRUCT, BTF_KIND_STRUCT},
		{TYPE_UNION, BTF_KIND_UNION},
		{TYPE_TYPEDEF, BTF_KIND_TYPEDEF},
		{TYPE_INT, BTF_KIND_INT},
	};
	struct type our;
	type_id found;

	if (failed(id, types_get(types, id, &our)) || !our.name[0])
		return;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (kinds[i].kind != our.kind)
			continue;
		if (failed(id, types->ops->find(types, our.name, 1u << our.kind, &found)))
			return;
		/* libbpf looks from the first type on: too slow for each of them. */
		if (id % 16 == 0)
			expect(id, "found type", found,
			       (uint32_t)btf__find_by_name_kind(btf, our.name, kinds[i].btf_kind));
	}
}

static uint8_t *read_file(const char *path, size_t *ret_size)
{
	FILE *file = fopen(path, "rb");
	long size = -1;
	uint8_t *data = NULL;

	if (file && !fseek(file, 0, SEEK_END))
		size = ftell(file);
	if (size < 0 || fseek(file, 0, SEEK_SET)) {
		perror(path);
		exit(2);
	}
	data = malloc((size_t)size + 1);
	if (!data || fread(data, 1, (size_t)size, file) != (size_t)size) {
		perror(path);
		exit(2);
	}
	fclose(file);
	*ret_size = (size_t)size;
	return data;
}

int main(int argc, char **argv)
{
	struct types *types;
	size_t size;

	if (argc != 2) {
		fprintf(stderr, "usage: %s BLOB\n", argv[0]);
		return 2;
	}

	uint8_t *blob = read_file(argv[1], &size);
	struct btf *btf = btf__new(blob, (uint32_t)size);

	if (!btf) {
		fprintf(stderr, "libbpf cannot read %s\n", argv[1]);
		return 2;
	}
	if (failed(0, btf_types_new(blob, size, &types)))
		return 1;

	uint32_t limit = types->ops->id_limit(types);

	expect(0, "number of types", limit, btf__type_cnt(btf));
	for (uint32_t id = 1; id < limit && id < btf__type_cnt(btf); id++) {
		compare_type(types, btf, id);
		compare_find(types, btf, id);
	}
	printf("%u types, %lu members, %lu enumerators, %lu parameters, %u differences\n",
	       limit - 1, members, enumerators, parameters, differences);
	types_free(types);
	btf__free(btf);
	return differences ? 1 : 0;
}
