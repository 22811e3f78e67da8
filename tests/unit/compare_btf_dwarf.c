/* SPDX-License-Identifier: MIT */
/*
 * Compare dill's reading of a kernel's DWARF with its reading of the same kernel's BTF.
 *
 *     compare_btf_dwarf BLOB VMLINUX TYPE...
 *
 * The structs and unions TYPE, with every struct in them, must have the same members at the same
 * bits, of the same sizes, or be missing in both, and each function that a trace may need
 * (trace/points.def) the same prototype. Prints what differs and a line of totals; exit status 1
 * when anything differs. Needs a vmlinux with debug information, which nobody keeps around:
 * tests/e2e runs it when it is asked to.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "types/type.h"

#define DEPTH_MAX 6

static struct types *btf, *dwarf;
static unsigned differences;
static unsigned long members;

/* Where a difference is: the types and members on the way. */
struct place {
	const struct place *outer;
	const char *name;
};

static void print_place(const struct place *place)
{
	if (place->outer) {
		print_place(place->outer);
		printf(".");
	}
	printf("%s", place->name);
}

static void expect(const struct place *place, const char *what, uint64_t in_btf, uint64_t in_dwarf)
{
	if (in_btf == in_dwarf)
		return;
	if (differences++ >= 20)
		return;
	print_place(place);
	printf(": %s is %" PRIu64 " in the BTF, %" PRIu64 " in the DWARF\n", what, in_btf,
	       in_dwarf);
}

static void must(const struct place *place, struct dill_error *error)
{
	if (!error)
		return;
	print_place(place);
	printf(": %s\n", dill_error_text(error));
	exit(1);
}

/* What a type is, and how large; arrays by their elements. */
static struct type resolve(const struct place *place, struct types *types, type_id id,
			   uint64_t *ret_elements)
{
	struct type type;

	*ret_elements = 1;
	must(place, types_strip(types, id, &type));
	while (type.kind == TYPE_ARRAY) {
		*ret_elements *= type.count;
		must(place, types_strip(types, type.target, &type));
	}
	return type;
}

static void compare(const struct place *place, type_id in_btf, type_id in_dwarf, unsigned depth);

static void compare_member(const struct place *outer, const struct type *in_btf,
			   const struct type *in_dwarf, uint32_t index, unsigned depth)
{
	struct type_member left, right;
	struct place place = {outer, "?"};

	must(&place, types_member(btf, in_btf->id, index, &left));
	place.name = left.name;
	must(&place, types_member(dwarf, in_dwarf->id, index, &right));
	members++;
	expect(&place, "difference of names", 0, (uint64_t)strcmp(left.name, right.name));
	expect(&place, "bit offset", left.bit_offset, right.bit_offset);
	expect(&place, "bit size", left.bit_size, right.bit_size);
	compare(&place, left.type, right.type, depth + 1);
}

static void compare(const struct place *place, type_id in_btf, type_id in_dwarf, unsigned depth)
{
	uint64_t btf_elements, dwarf_elements;
	struct type left = resolve(place, btf, in_btf, &btf_elements);
	struct type right = resolve(place, dwarf, in_dwarf, &dwarf_elements);

	expect(place, "kind", left.kind, right.kind);
	expect(place, "elements", btf_elements, dwarf_elements);
	expect(place, "size", left.size, right.size);
	if (depth == DEPTH_MAX || left.kind != right.kind ||
	    (left.kind != TYPE_STRUCT && left.kind != TYPE_UNION))
		return;
	expect(place, "number of members", left.count, right.count);
	for (uint32_t i = 0; i < left.count && i < right.count; i++)
		compare_member(place, &left, &right, i, depth);
}

/* --- functions --- */

/* "void *kfree(const void *object)": with the names of parameters, which a trace goes by. */
static void describe(const struct place *place, struct types *types, const char *name,
		     struct strbuf *text)
{
	struct dill_error *error;
	struct type prototype;
	type_id id;

	error = types_function(types, name, &id);
	if (error && dill_error_code(error) == DILL_ERROR_NOT_FOUND) {
		dill_error_free(error);
		return;
	}
	must(place, error);
	must(place, types_get(types, id, &prototype));
	must(place, types_declare(types, prototype.target, name, text));
	for (uint32_t i = 0; i < prototype.count; i++) {
		struct type_parameter parameter;

		must(place, types_parameter(types, id, i, &parameter));
		strbuf_append(text, i ? ", " : "(");
		must(place, types_declare(types, parameter.type, parameter.name, text));
	}
}

static unsigned compare_function(const char *name)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf left = {0};
	_cleanup_(strbuf_deinitp)
	struct strbuf right = {0};
	struct place place = {NULL, name};

	describe(&place, btf, name, &left);
	describe(&place, dwarf, name, &right);
	if (strcmp(strbuf_get(&left), strbuf_get(&right)) != 0) {
		differences++;
		printf("%s: \"%s\" in the BTF, \"%s\" in the DWARF\n", name, strbuf_get(&left),
		       strbuf_get(&right));
	}
	return left.length != 0;
}

/* How many there are in this kernel. */
static unsigned compare_functions(void)
{
	static const char *const names[] = {
#define POINT(name, kind, flags) name, name "_noprof",
#include "trace/points.def"
#undef POINT
	};
	unsigned found = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		found += compare_function(names[i]);
	return found;
}

/* A type that this kernel does not have. */
static bool is_in_none(const char *name)
{
	return !types_has_struct(btf, name, NULL) && !types_has_struct(dwarf, name, NULL);
}

static uint8_t *read_file(const char *path, size_t *ret_size)
{
	FILE *file = fopen(path, "rb");
	long size = -1;
	uint8_t *data;

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
	unsigned found = 0;
	size_t size;

	if (argc < 4) {
		fprintf(stderr, "usage: %s BLOB VMLINUX TYPE...\n", argv[0]);
		return 2;
	}

	struct place file = {NULL, argv[1]};
	uint8_t *blob = read_file(argv[1], &size);

	must(&file, btf_types_new(blob, size, &btf));
	file.name = argv[2];
	must(&file, dwarf_types_new(argv[2], &dwarf));
	for (int i = 3; i < argc; i++) {
		struct place place = {NULL, argv[i]};
		type_id in_btf, in_dwarf;

		if (is_in_none(argv[i]))
			continue;
		must(&place, types_find(btf, argv[i], &in_btf));
		must(&place, types_find(dwarf, argv[i], &in_dwarf));
		compare(&place, in_btf, in_dwarf, 0);
		found++;
	}

	unsigned functions = compare_functions();

	printf("%u types, %lu members, %u functions, %u differences\n", found, members, functions,
	       differences);
	types_free(btf);
	types_free(dwarf);
	return differences ? 1 : 0;
}
