/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/suggest.h"
#include "btf_image.h"

/*
 * struct task {
 *         struct cred *const cred;
 *         union { int a; struct { int b; int c : 3; }; };
 *         struct pair pairs[2][3];
 *         int tail[];
 * };
 */
struct world {
	struct types *types;
	uint32_t integer, ulong_, cred, cred_pointer, pair, task, text;
};

static struct world make_world(void)
{
	struct btf_image image = {0};
	struct world world = {0};

	world.integer = btf_image_int(&image, "int", 4, BTF_INT_IS_SIGNED);
	world.ulong_ = btf_image_int(&image, "long unsigned int", 8, 0);
	btf_image_int(&image, "short", 2, BTF_INT_IS_SIGNED); /* as clang spells it */

	uint32_t id_type = btf_image_refer(&image, BTF_TYPEDEF, "uid_t", world.integer);

	world.cred = btf_image_struct(&image, BTF_STRUCT, "cred", 8, 2);
	btf_image_member(&image, "usage", world.integer, 0, 0);
	btf_image_member(&image, "uid", id_type, 32, 0);
	world.cred_pointer = btf_image_refer(&image, BTF_PTR, "", world.cred);
	world.pair = btf_image_struct(&image, BTF_STRUCT, "pair", 8, 2);
	btf_image_member(&image, "first", world.integer, 0, 0);
	btf_image_member(&image, "second", world.integer, 32, 0);

	uint32_t inner = btf_image_array(&image, world.pair, 3);
	uint32_t outer = btf_image_array(&image, inner, 2);
	uint32_t flexible = btf_image_array(&image, world.integer, 0);
	uint32_t nested = btf_image_bits(&image, "", 8, 2);

	btf_image_member(&image, "b", world.integer, 0, 0);
	btf_image_member(&image, "c", world.integer, 32, 3);

	uint32_t choice = btf_image_struct(&image, BTF_UNION, "", 8, 2);

	btf_image_member(&image, "a", world.integer, 0, 0);
	btf_image_member(&image, "", nested, 0, 0);

	uint32_t constant = btf_image_refer(&image, BTF_CONST, "", world.cred_pointer);

	world.task = btf_image_struct(&image, BTF_STRUCT, "task", 64, 4);
	btf_image_member(&image, "cred", constant, 0, 0);
	btf_image_member(&image, "", choice, 64, 0);
	btf_image_member(&image, "pairs", outer, 128, 0);
	btf_image_member(&image, "tail", flexible, 512, 0);
	btf_image_refer(&image, BTF_FWD, "opaque", 0);
	btf_image_refer(&image, BTF_TYPEDEF, "both", world.integer);
	world.text = btf_image_struct(&image, BTF_STRUCT, "both", 0, 0);
	world.types = btf_image_open(&image);
	return world;
}

static void expect_place(struct world *world, const char *path, uint64_t bit_offset,
			 uint32_t bit_size, uint64_t size, unsigned through)
{
	struct type_place place;
	struct dill_error *error = types_place(world->types, world->task, path, &place);

	if (error)
		fail_msg("%s: %s", path, dill_error_text(error));
	assert_int_equal(place.bit_offset, bit_offset);
	assert_int_equal(place.bit_size, bit_size);
	assert_int_equal(place.size, size);
	assert_int_equal(place.through, through);
	assert_int_equal(types_has_member(world->types, world->task, path, NULL), through == 0);
}

static void expect_no_place(struct world *world, const char *path, enum dill_error_code code,
			    const char *text)
{
	struct type_place place;
	struct dill_error *error = types_place(world->types, world->task, path, &place);

	assert_non_null(error);
	assert_int_equal(dill_error_code(error), code);
	if (!strstr(dill_error_text(error), text))
		fail_msg("%s: \"%s\" is not in \"%s\"", path, text, dill_error_text(error));
	dill_error_free(error);
	assert_false(types_has_member(world->types, world->task, path, NULL));
}

static void test_places(void **state)
{
	struct world world = make_world();

	(void)state;
	expect_place(&world, "cred", 0, 0, 8, 0);
	expect_place(&world, "cred.uid", 32, 0, 4, 1);
	expect_place(&world, "cred->uid", 32, 0, 4, 1);
	expect_place(&world, "cred[2].uid", 2 * 64 + 32, 0, 4, 1);
	expect_place(&world, "a", 64, 0, 4, 0);
	expect_place(&world, "b", 64, 0, 4, 0);
	expect_place(&world, "c", 96, 3, 4, 0);
	expect_place(&world, "pairs", 128, 0, 48, 0);
	expect_place(&world, "pairs[1]", 128 + 192, 0, 24, 0);
	expect_place(&world, "pairs[1][2]", 128 + 192 + 128, 0, 8, 0);
	expect_place(&world, "pairs[0x1][2].second", 128 + 192 + 128 + 32, 0, 4, 0);
	expect_place(&world, "tail[5]", 512 + 160, 0, 4, 0);
	types_free(world.types);
}

static void expect_path(struct world *world, uint64_t offset, const char *expected)
{
	struct strbuf text = {0};

	assert_null(types_path_at(world->types, world->task, offset, &text));
	assert_string_equal(strbuf_get(&text), expected);
	strbuf_deinit(&text);
}

/* The way back, from an offset to the member. */
static void test_path_at(void **state)
{
	struct world world = make_world();

	(void)state;
	expect_path(&world, 0, "cred");
	expect_path(&world, 7, "cred+7"); /* not into what it points to */
	expect_path(&world, 8, "a");	  /* of a union the first */
	expect_path(&world, 12, "c");
	expect_path(&world, 13, "");
	expect_path(&world, 16, "pairs[0][0].first");
	expect_path(&world, 22, "pairs[0][0].second+2");
	expect_path(&world, 16 + 8 * 5 + 4, "pairs[1][2].second");
	expect_path(&world, 64, "");
	expect_path(&world, UINT64_MAX, "");
	types_free(world.types);
}

static void test_no_places(void **state)
{
	struct world world = make_world();

	(void)state;
	expect_no_place(&world, "credd", DILL_ERROR_NOT_FOUND, "did you mean cred?");
	expect_no_place(&world, "cred.pid", DILL_ERROR_NOT_FOUND, "struct cred has no member pid");
	expect_no_place(&world, "pairs[2]", DILL_ERROR_INVALID_ARGUMENT, "2 elements");
	expect_no_place(&world, "pairs[0][3]", DILL_ERROR_INVALID_ARGUMENT, "3 elements");
	expect_no_place(&world, "pairs.first", DILL_ERROR_INVALID_ARGUMENT, "no struct");
	expect_no_place(&world, "a[0]", DILL_ERROR_INVALID_ARGUMENT, "a is no array");
	expect_no_place(&world, "[0]", DILL_ERROR_INVALID_ARGUMENT, "the type is no array");
	expect_no_place(&world, "tail[0xffffffffffffffff]", DILL_ERROR_INVALID_ARGUMENT, "large");
	for (const char *const *path =
		     (const char *const[]){"", ".", "a.", ".a", "a..b", "[0]", "pairs[", "pairs[]",
					   "pairs[-1]", "pairs[1", "pairs[ 1]", "pairs[1x]",
					   "pairs[99999999999999999999]", "a b", "a->", "a-b",
					   NULL};
	     *path; path++)
		expect_no_place(&world, *path, DILL_ERROR_INVALID_ARGUMENT, "");
	types_free(world.types);
}

static struct dill_error *collect(void *context, const struct type_place *pointer, const char *path,
				  size_t path_length)
{
	strbuf_append_format(context, "%.*s@%u ", (int)path_length, path,
			     (unsigned)pointer->bit_offset);
	return NULL;
}

static void test_steps(void **state)
{
	struct world world = make_world();
	_cleanup_(strbuf_deinitp)
	struct strbuf text = {0};
	struct type_place place;
	type_id id;

	(void)state;
	assert_null(types_find(world.types, "task*", &id));
	assert_null(types_place_steps(world.types, id, "cred->uid", collect, &text, &place));
	assert_string_equal(strbuf_get(&text), "@0 cred@0 ");
	assert_int_equal(place.through, 2);
	types_free(world.types);
}

static void expect_found(struct world *world, const char *name, type_id expected)
{
	type_id id = 0;
	struct dill_error *error = types_find(world->types, name, &id);

	if (error)
		fail_msg("%s: %s", name, dill_error_text(error));
	assert_int_equal(id, expected);
}

static void expect_not_found(struct world *world, const char *name, enum dill_error_code code,
			     const char *text)
{
	type_id id;
	struct dill_error *error = types_find(world->types, name, &id);

	assert_non_null(error);
	assert_int_equal(dill_error_code(error), code);
	if (!strstr(dill_error_text(error), text))
		fail_msg("%s: \"%s\" is not in \"%s\"", name, text, dill_error_text(error));
	dill_error_free(error);
}

static void test_find(void **state)
{
	struct world world = make_world();
	struct type type;
	type_id id;

	(void)state;
	expect_found(&world, "task", world.task);
	expect_found(&world, "struct task", world.task);
	expect_found(&world, " const  struct\ttask ", world.task);
	expect_found(&world, "both", world.text); /* struct before typedef */
	expect_found(&world, "int", world.integer);
	expect_found(&world, "signed", world.integer);
	expect_found(&world, "unsigned long", world.ulong_);
	expect_found(&world, "long unsigned int", world.ulong_);
	expect_found(&world, "unsigned long int", world.ulong_);
	expect_found(&world, "short int", world.integer + 2);
	expect_found(&world, "void", 0);
	assert_null(types_find(world.types, "struct task *", &id));
	assert_null(types_get(world.types, id, &type));
	assert_int_equal(type.kind, TYPE_POINTER);
	assert_int_equal(type.size, 8);
	assert_int_equal(type.target, world.task);
	assert_null(types_find(world.types, "void***", &id));
	expect_not_found(&world, "void****", DILL_ERROR_INVALID_ARGUMENT, "levels");
	expect_not_found(&world, "tsak", DILL_ERROR_NOT_FOUND, "did you mean task?");
	expect_not_found(&world, "union task", DILL_ERROR_NOT_FOUND, "no type");
	expect_not_found(&world, "unsigned signed", DILL_ERROR_NOT_FOUND, "no type");
	expect_not_found(&world, "task x", DILL_ERROR_NOT_FOUND, "no type");
	expect_not_found(&world, "task * x", DILL_ERROR_INVALID_ARGUMENT, "after the \"*\"");
	expect_not_found(&world, "", DILL_ERROR_INVALID_ARGUMENT, "missing");
	expect_not_found(&world, "*", DILL_ERROR_INVALID_ARGUMENT, "missing");
	expect_not_found(&world, "a b c d e f g h i", DILL_ERROR_INVALID_ARGUMENT, "too long");
	types_free(world.types);
}

/* A struct that holds itself eight times without a name: the search tree has no end. */
static void test_endless_anonymous(void **state)
{
	struct btf_image image = {0};
	struct type_place place;

	(void)state;
	btf_image_struct(&image, BTF_STRUCT, "self", 8, 8);
	for (int i = 0; i < 8; i++)
		btf_image_member(&image, "", 1, 0, 0);

	struct types *types = btf_image_open(&image);
	struct dill_error *error = types_place(types, 1, "x", &place);

	assert_non_null(error);
	assert_int_equal(dill_error_code(error), DILL_ERROR_LIMIT);
	dill_error_free(error);
	types_free(types);
}

static struct dill_error *count_name(void *context, const char *name)
{
	(void)name;
	++*(int *)context;
	return NULL;
}

static void test_each_name(void **state)
{
	struct world world = make_world();
	int count = 0;

	(void)state;
	assert_null(types_each_name(world.types, "t", count_name, &count));
	assert_int_equal(count, 1);
	types_free(world.types);
}

static void expect_suggestion(const char *wanted, const char *const *candidates,
			      const char *expected)
{
	struct suggest suggest;

	suggest_init(&suggest, wanted);
	for (; *candidates; candidates++)
		suggest_offer(&suggest, *candidates);
	assert_string_equal(suggest_text(&suggest), expected);
}

static void test_suggest(void **state)
{
	static const char *const names[] = {"kmalloc-64",  "kmalloc-8",	  "task_struct",
					    "inode_cache", "kmalloc-128", "dentry",
					    "kmalloc-64",  NULL};

	(void)state;
	expect_suggestion("kmalloc-46", names,
			  " (did you mean kmalloc-64, kmalloc-8 or kmalloc-128?)");
	expect_suggestion("KMALLOC-64", names,
			  " (did you mean kmalloc-64, kmalloc-8 or kmalloc-128?)");
	expect_suggestion("inode", names, " (did you mean inode_cache?)");
	expect_suggestion("struct", names, " (did you mean task_struct?)");
	expect_suggestion("dnetry", names, " (did you mean dentry?)");
	expect_suggestion("zzz", names, "");
	expect_suggestion("", names, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),	  cmocka_unit_test(test_path_at),
		cmocka_unit_test(test_no_places), cmocka_unit_test(test_steps),
		cmocka_unit_test(test_find),	  cmocka_unit_test(test_endless_anonymous),
		cmocka_unit_test(test_each_name), cmocka_unit_test(test_suggest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
