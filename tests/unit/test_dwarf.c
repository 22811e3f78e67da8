/* SPDX-License-Identifier: MIT */
/*
 * DWARF as a compiler writes it, against the BTF that pahole makes of the same file. Both come from
 * tests/data/types/sample.c during the test; without a compiler or pahole it is skipped.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "types/type.h"

/* Meson's sign for a program that was skipped. */
#define EXIT_SKIPPED 77

static char folder[] = "/tmp/dill-test-dwarf-XXXXXX";

static int run(const char *format, ...) DILL_PRINTF(1, 2);

static int run(const char *format, ...)
{
	char *command = NULL;
	va_list arguments;

	va_start(arguments, format);
	int length = vasprintf(&command, format, arguments);
	va_end(arguments);
	assert_true(length > 0);

	int status = system(command);

	free(command);
	return status;
}

static char *path_of(const char *name)
{
	char *path = NULL;

	assert_true(asprintf(&path, "%s/%s", folder, name) > 0);
	return path;
}

static uint8_t *read_file(const char *name, size_t *ret_size)
{
	_cleanup_(freep)
	char *path = path_of(name);
	FILE *file = fopen(path, "rb");
	uint8_t *data = NULL;
	struct stat status;

	assert_non_null(file);
	assert_int_equal(fstat(fileno(file), &status), 0);
	data = malloc((size_t)status.st_size);
	assert_non_null(data);
	*ret_size = (size_t)status.st_size;
	assert_int_equal(fread(data, 1, *ret_size, file), *ret_size);
	fclose(file);
	return data;
}

static void write_file(const char *name, const uint8_t *data, size_t size)
{
	_cleanup_(freep)
	char *path = path_of(name);
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

/* Compile the sample to NAME.so. */
static bool compile(const char *name, const char *options)
{
	const char *data = getenv("DATA");

	return data && run("cc -g %s -shared -nostdlib -fPIC -o %s/%s.so %s/types/sample.c",
			   options, folder, name, data) == 0;
}

/* The BTF of the plainest variant stands for all: pahole misreads some of the others. */
static bool make_btf(void)
{
	return compile("plain", "-gdwarf-4") &&
	       run("pahole -J --btf_gen_floats --btf_encode_detached=%s/plain.btf %s/plain.so",
		   folder, folder) == 0;
}

static struct types *open_dwarf(const char *name)
{
	_cleanup_(freep)
	char *path = path_of(name);
	struct types *types = NULL;
	struct dill_error *error = dwarf_types_new(path, &types);

	if (error)
		fail_msg("%s", dill_error_text(error));
	return types;
}

static struct types *open_btf(const char *name)
{
	struct types *types = NULL;
	size_t size;
	uint8_t *blob = read_file(name, &size);
	struct dill_error *error = btf_types_new(blob, size, &types);

	if (error)
		fail_msg("%s", dill_error_text(error));
	return types;
}

struct pair {
	struct types *dwarf, *btf;
	unsigned compared;
};

static void must(struct dill_error *error)
{
	if (error)
		fail_msg("%s", dill_error_text(error));
}

static void compare(struct pair *pair, type_id dwarf_id, type_id btf_id, unsigned depth);

static void compare_members(struct pair *pair, const struct type *dwarf, const struct type *btf,
			    unsigned depth)
{
	for (uint32_t i = 0; i < btf->count; i++) {
		struct type_member ours, theirs;

		must(types_member(pair->dwarf, dwarf->id, i, &ours));
		must(types_member(pair->btf, btf->id, i, &theirs));
		assert_string_equal(ours.name, theirs.name);
		assert_int_equal(ours.bit_offset, theirs.bit_offset);
		assert_int_equal(ours.bit_size, theirs.bit_size);
		compare(pair, ours.type, theirs.type, depth + 1);
	}
}

static void compare_enumerators(struct pair *pair, const struct type *dwarf, const struct type *btf)
{
	for (uint32_t i = 0; i < btf->count; i++) {
		struct type_enumerator ours, theirs;

		must(types_enumerator(pair->dwarf, dwarf->id, i, &ours));
		must(types_enumerator(pair->btf, btf->id, i, &theirs));
		assert_string_equal(ours.name, theirs.name);
		assert_int_equal(ours.value, theirs.value);
	}
}

static void compare_parameters(struct pair *pair, const struct type *dwarf, const struct type *btf,
			       unsigned depth)
{
	for (uint32_t i = 0; i < btf->count; i++) {
		struct type_parameter ours, theirs;

		must(types_parameter(pair->dwarf, dwarf->id, i, &ours));
		must(types_parameter(pair->btf, btf->id, i, &theirs));
		assert_string_equal(ours.name, theirs.name);
		compare(pair, ours.type, theirs.type, depth + 1);
	}
}

static void compare(struct pair *pair, type_id dwarf_id, type_id btf_id, unsigned depth)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf our_text = {0};
	_cleanup_(strbuf_deinitp)
	struct strbuf their_text = {0};
	struct type dwarf, btf;

	must(types_strip(pair->dwarf, dwarf_id, &dwarf));
	must(types_strip(pair->btf, btf_id, &btf));
	must(types_declare(pair->dwarf, dwarf_id, "x", &our_text));
	must(types_declare(pair->btf, btf_id, "x", &their_text));
	/* pahole writes arrays of arrays as one long array. */
	if (strstr(strbuf_get(&our_text), "][")) {
		assert_int_equal(dwarf.size, btf.size);
		return;
	}
	assert_string_equal(strbuf_get(&our_text), strbuf_get(&their_text));
	assert_int_equal(dwarf.kind, btf.kind);
	assert_string_equal(dwarf.name, btf.name);
	assert_int_equal(dwarf.size, btf.size);
	assert_int_equal(dwarf.count, btf.count);
	assert_int_equal(dwarf.encoding, btf.encoding);
	pair->compared++;
	if (depth == 8)
		return;
	switch (btf.kind) {
	case TYPE_STRUCT:
	case TYPE_UNION:
		compare_members(pair, &dwarf, &btf, depth);
		break;
	case TYPE_ENUM:
		compare_enumerators(pair, &dwarf, &btf);
		break;
	case TYPE_FUNCTION:
		compare_parameters(pair, &dwarf, &btf, depth);
		compare(pair, dwarf.target, btf.target, depth + 1);
		break;
	case TYPE_POINTER:
	case TYPE_ARRAY:
		compare(pair, dwarf.target, btf.target, depth + 1);
		break;
	default:
		break;
	}
}

static void compare_function(struct pair *pair, const char *name)
{
	type_id dwarf, btf;

	must(types_function(pair->dwarf, name, &dwarf));
	must(types_function(pair->btf, name, &btf));
	compare(pair, dwarf, btf, 0);
}

static void compare_all(const char *file)
{
	static const char *const names[] = {
		"struct holder", "struct operations", "struct packed", "struct list_head",
		"enum zone",	 "enum big",	      "atomic_t",      "u8",
		"long"};
	struct pair pair = {0};
	type_id dwarf, btf;

	pair.dwarf = open_dwarf(file);
	pair.btf = open_btf("plain.btf");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		must(types_find(pair.dwarf, names[i], &dwarf));
		must(types_find(pair.btf, names[i], &btf));
		compare(&pair, dwarf, btf, 0);
	}
	compare_function(&pair, "sample_function");
	assert_true(pair.compared > 100);
	types_free(pair.dwarf);
	types_free(pair.btf);
}

static void test_same_as_btf(void **state)
{
	static const char *const variants[] = {
		"-gdwarf-4",
		"-gdwarf-5",
		"-gdwarf-2 -gstrict-dwarf",
		"-gdwarf-3 -gstrict-dwarf",
		"-gdwarf-4 -fdebug-types-section",
		"-gdwarf-5 -fdebug-types-section",
		"-gdwarf-5 -gz=zlib",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++) {
		print_message("%s\n", variants[i]);
		assert_true(compile("variant", variants[i]));
		compare_all("variant.so");
	}
}

/* Object files, as people compile structs by hand: nothing in them has a value before it is
 * relocated. */
static void test_unlinked(void **state)
{
	static const char *const variants[] = {
		"-gdwarf-4",
		"-gdwarf-5",
		"-gdwarf-5 -gz=zlib",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++) {
		print_message("%s\n", variants[i]);
		assert_int_equal(run("cc -g %s -c -o %s/variant.o %s/types/sample.c", variants[i],
				     folder, getenv("DATA")),
				 0);
		compare_all("variant.o");
	}
}

/* The functions of functions.c in NAME.so, and their BTF in NAME.btf. */
static void compile_functions(const char *name, const char *options)
{
	const char *data = getenv("DATA");

	assert_int_equal(run("cd %s && cc -g %s -fPIC -c -DCALLER -o caller.o %s/types/functions.c "
			     "&& cc -g %s -fPIC -c -o callee.o %s/types/functions.c "
			     "&& cc -shared -nostdlib -o %s.so caller.o callee.o "
			     "&& pahole -J --btf_encode_detached=%s.btf %s.so",
			     folder, options, data, options, data, name, name, name),
			 0);
}

/* With the names of their parameters: not from the declarations, which come first. */
static void test_functions(void **state)
{
	static const char *const variants[] = {
		"-O0",
		"-O2 -gdwarf-4",
		"-O2 -gdwarf-5",
		"-O3 -gdwarf-5 -fipa-cp-clone -fipa-sra",
	};
	static const char *const names[] = {"call",   "plain",	    "both",
					    "cloned", "free_later", "declared_inside"};

	(void)state;
	for (size_t i = 0; i < sizeof(variants) / sizeof(*variants); i++) {
		struct pair pair = {0};
		type_id id;

		print_message("%s\n", variants[i]);
		compile_functions("functions", variants[i]);
		pair.dwarf = open_dwarf("functions.so");
		pair.btf = open_btf("functions.btf");
		for (size_t j = 0; j < sizeof(names) / sizeof(*names); j++)
			compare_function(&pair, names[j]);

		struct dill_error *error = types_function(pair.dwarf, "only_declared", &id);

		assert_non_null(error);
		assert_int_equal(dill_error_code(error), DILL_ERROR_NOT_FOUND);
		dill_error_free(error);
		types_free(pair.dwarf);
		types_free(pair.btf);
	}
}

static void test_names(void **state)
{
	struct types *types = open_dwarf("plain.so");
	struct type_place place;
	struct type type;
	int64_t value;
	type_id id;

	(void)state;
	must(types_enum_value(types, "ANONYMOUS_B", &value));
	assert_int_equal(value, 0x80);
	must(types_enum_value(types, "ZONE_LOW", &value));
	assert_int_equal(value, -1);
	assert_true(types_has_struct(types, "holder", &id));
	assert_false(types_has_struct(types, "opaque", NULL));
	must(types_place(types, id, "named.matrix[1][2][3]", &place));
	assert_int_equal(place.bit_offset / 8, 32 + 16 + 12 + 8 + 3);
	must(types_place(types, id, "ops[1].rows", &place));
	assert_int_equal(place.bit_offset / 8, 88 + 48 + 40);
	/* Declared before it is defined. */
	must(types_place(types, id, "elsewhere->x", &place));
	assert_int_equal(place.through, 1);
	must(types_find(types, "struct opaque", &id));
	must(types_get(types, id, &type));
	assert_int_equal(type.kind, TYPE_FORWARD);

	struct dill_error *error = types_find(types, "struct holdr", &id);

	assert_non_null(error);
	assert_non_null(strstr(dill_error_text(error), "did you mean holder?"));
	dill_error_free(error);
	types_free(types);
}

static void expect_refused(const char *path, enum dill_error_code code)
{
	struct types *types;
	struct dill_error *error = dwarf_types_new(path, &types);

	assert_non_null(error);
	assert_int_equal(dill_error_code(error), code);
	dill_error_free(error);
}

static void test_refused(void **state)
{
	_cleanup_(freep)
	char *bare = path_of("bare.so");

	(void)state;
	expect_refused("/dev/null", DILL_ERROR_NOT_FOUND);
	expect_refused("/nonexistent", DILL_ERROR_OS);
	assert_int_equal(
		run("cc -shared -nostdlib -fPIC -o %s %s/types/sample.c", bare, getenv("DATA")), 0);
	expect_refused(bare, DILL_ERROR_NOT_FOUND);
}

/* Read all there is in a file that may be broken. */
static void read_everything(const char *name)
{
	_cleanup_(freep)
	char *path = path_of(name);
	struct types *types = NULL;

	dill_error_free(dwarf_types_new(path, &types));
	if (!types)
		return;
	types->ops->id_limit(types);
	for (type_id id = 0; id < types->ops->id_limit(types) && id < 1000; id++) {
		_cleanup_(strbuf_deinitp)
		struct strbuf text = {0};
		struct type type;
		struct type_place place;

		dill_error_free(types_declare(types, id, "x", &text));
		dill_error_free(types_place(types, id, "list.next->prev", &place));
		_cleanup_(dill_error_freep)
		struct dill_error *error = types_get(types, id, &type);

		for (uint32_t i = 0; !error && i < type.count && i < 100; i++) {
			struct type_member member;

			error = types_member(types, id, i, &member);
		}
	}
	types_free(types);
}

static void test_no_crash_with_broken_files(void **state)
{
	size_t size;
	uint8_t *data = read_file("plain.so", &size);
	uint32_t random = 1;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		uint8_t saved[4];
		size_t at[4];

		for (int i = 0; i < 4; i++) {
			random = random * 1664525 + 1013904223;
			at[i] = (random >> 8) % size;
			saved[i] = data[at[i]];
			data[at[i]] = (uint8_t)(random >> 3);
		}
		write_file("broken.so", data, size);
		read_everything("broken.so");
		for (int i = 4; i-- > 0;)
			data[at[i]] = saved[i];
	}
	for (size_t cut = 0; cut < size; cut += size / 100 + 1) {
		write_file("broken.so", data, cut);
		read_everything("broken.so");
	}
	free(data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_as_btf),
		cmocka_unit_test(test_unlinked),
		cmocka_unit_test(test_functions),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_no_crash_with_broken_files),
	};

	if (!mkdtemp(folder))
		return 1;

	int status = EXIT_SKIPPED;

	if (make_btf())
		status = cmocka_run_group_tests(tests, NULL, NULL);
	else
		puts("skipped: needs cc and pahole, and DATA in the environment");
	if (run("rm -r %s", folder) != 0)
		puts("could not remove the test's folder");
	return status;
}
