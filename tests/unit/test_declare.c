/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "btf_image.h"

static void expect_text(struct types *types, type_id id, const char *name, const char *expected)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf text = {0};
	struct dill_error *error = types_declare(types, id, name, &text);

	if (error)
		fail_msg("%s: %s", expected, dill_error_text(error));
	assert_string_equal(strbuf_get(&text), expected);
}

static void test_declarators(void **state)
{
	struct btf_image image = {0};

	(void)state;
	uint32_t integer = btf_image_int(&image, "int", 4, BTF_INT_IS_SIGNED);
	uint32_t file = btf_image_struct(&image, BTF_STRUCT, "file", 0, 0);
	uint32_t anonymous = btf_image_struct(&image, BTF_UNION, "", 0, 0);
	uint32_t opaque = btf_image_entry(&image, "opaque", (uint32_t)BTF_FWD << 24 | 1u << 31, 0);
	uint32_t pointer = btf_image_refer(&image, BTF_PTR, "", integer);
	uint32_t file_pointer = btf_image_refer(&image, BTF_PTR, "", file);
	uint32_t const_int = btf_image_refer(&image, BTF_CONST, "", integer);
	uint32_t const_pointer = btf_image_refer(&image, BTF_CONST, "", pointer);
	uint32_t pointer_to_const = btf_image_refer(&image, BTF_PTR, "", const_int);
	uint32_t array = btf_image_array(&image, integer, 3);
	uint32_t matrix = btf_image_array(&image, array, 2);
	uint32_t flexible = btf_image_array(&image, file_pointer, 0);
	uint32_t array_pointer = btf_image_refer(&image, BTF_PTR, "", array);
	uint32_t function = btf_image_function(&image, integer, 3);

	btf_image_parameter(&image, "file", file_pointer);
	btf_image_parameter(&image, "n", const_int);
	btf_image_parameter(&image, "", 0);

	uint32_t function_pointer = btf_image_refer(&image, BTF_PTR, "", function);
	uint32_t table = btf_image_array(&image, function_pointer, 4);
	uint32_t nothing = btf_image_function(&image, 0, 0);
	uint32_t nothing_pointer = btf_image_refer(&image, BTF_PTR, "", nothing);
	uint32_t signal = btf_image_function(&image, nothing_pointer, 1);

	btf_image_parameter(&image, "", nothing_pointer);

	uint32_t signal_pointer = btf_image_refer(&image, BTF_PTR, "", signal);
	uint32_t tag = btf_image_refer(&image, BTF_TYPE_TAG, "user", integer);
	uint32_t tagged = btf_image_refer(&image, BTF_PTR, "", tag);
	uint32_t escape = btf_image_refer(&image, BTF_TYPEDEF, "a\033[2J", integer);
	struct types *types = btf_image_open(&image);

	expect_text(types, 0, "", "void");
	expect_text(types, integer, "x", "int x");
	expect_text(types, file, "", "struct file");
	expect_text(types, anonymous, "u", "union {...} u");
	expect_text(types, opaque, "", "union opaque");
	expect_text(types, pointer, "p", "int *p");
	expect_text(types, file_pointer, "", "struct file *");
	expect_text(types, const_int, "c", "const int c");
	expect_text(types, const_pointer, "p", "int *const p");
	expect_text(types, pointer_to_const, "p", "const int *p");
	expect_text(types, array, "pad", "int pad[3]");
	expect_text(types, array, "", "int[3]");
	expect_text(types, matrix, "m", "int m[2][3]");
	expect_text(types, flexible, "f", "struct file *f[]");
	expect_text(types, array_pointer, "p", "int (*p)[3]");
	expect_text(types, function, "f", "int f(struct file *, const int, ...)");
	expect_text(types, function_pointer, "open", "int (*open)(struct file *, const int, ...)");
	expect_text(types, function_pointer, "", "int (*)(struct file *, const int, ...)");
	expect_text(types, table, "t", "int (*t[4])(struct file *, const int, ...)");
	expect_text(types, nothing_pointer, "f", "void (*f)(void)");
	expect_text(types, signal_pointer, "s", "void (*(*s)(void (*)(void)))(void)");
	expect_text(types, tagged, "p", "int __user *p");
	expect_text(types, escape, "x", "a\\x1b[2J x");
	expect_text(types, file_pointer + TYPE_ID_LIMIT, "p", "struct file **p");
	types_free(types);
}

/* Functions of functions of functions, and chains without an end. */
static void test_endless(void **state)
{
	struct btf_image image = {0};

	(void)state;
	uint32_t function = btf_image_function(&image, 2, 8);

	for (int i = 0; i < 8; i++)
		btf_image_parameter(&image, "", 2);
	btf_image_refer(&image, BTF_PTR, "", function);

	uint32_t pointer = btf_image_refer(&image, BTF_PTR, "", 3);
	struct types *types = btf_image_open(&image);

	for (type_id id = function; id <= pointer; id++) {
		_cleanup_(strbuf_deinitp)
		struct strbuf text = {0};

		assert_null(types_declare(types, id, "x", &text));
		assert_non_null(strstr(strbuf_get(&text), "..."));
		assert_true(text.length < 10000);
	}
	types_free(types);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_declarators),
		cmocka_unit_test(test_endless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
