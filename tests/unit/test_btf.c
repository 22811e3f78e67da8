/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "btf_image.h"

static void expect_code(struct dill_error *error, enum dill_error_code code)
{
	assert_non_null(error);
	assert_int_equal(dill_error_code(error), code);
	dill_error_free(error);
}

/* A blob with one of everything; the ids are in the order of the calls. */
enum {
	ID_INT = 1,
	ID_CHAR,
	ID_BOOL,
	ID_POINTER,
	ID_ARRAY,
	ID_STRUCT,
	ID_UNION,
	ID_ENUM,
	ID_ENUM64,
	ID_FORWARD,
	ID_TYPEDEF,
	ID_CONST,
	ID_PROTOTYPE,
	ID_FUNCTION,
	ID_VARIABLE,
	ID_SECTION,
	ID_FLOAT,
	ID_DECLARATION_TAG,
	ID_TYPE_TAG,
	ID_LIMIT,
};

static void fill(struct btf_image *image)
{
	btf_image_int(image, "int", 4, BTF_INT_IS_SIGNED);
	btf_image_int(image, "char", 1, BTF_INT_IS_SIGNED);
	btf_image_int(image, "_Bool", 1, BTF_INT_IS_BOOL);
	btf_image_refer(image, BTF_PTR, "", ID_STRUCT);
	btf_image_array(image, ID_INT, 6);
	btf_image_bits(image, "node", 40, 3);
	btf_image_member(image, "next", ID_POINTER, 0, 0);
	btf_image_member(image, "flag", ID_INT, 64 + 5, 3);
	btf_image_member(image, "list", ID_ARRAY, 96, 0);
	btf_image_struct(image, BTF_UNION, "either", 8, 1);
	btf_image_member(image, "p", ID_POINTER, 0, 0);
	btf_image_enum(image, BTF_ENUM, "zone", 4, true, 2);
	btf_image_enumerator(image, "ZONE_LOW", -1, false);
	btf_image_enumerator(image, "ZONE_HIGH", 7, false);
	btf_image_enum(image, BTF_ENUM64, "wide", 8, false, 1);
	btf_image_enumerator(image, "WIDE", 0x123456789abcdef0, true);
	btf_image_refer(image, BTF_FWD, "hidden", 0);
	btf_image_refer(image, BTF_TYPEDEF, "list_t", ID_ARRAY);
	btf_image_refer(image, BTF_CONST, "", ID_TYPEDEF);
	btf_image_function(image, ID_INT, 2);
	btf_image_parameter(image, "from", ID_POINTER);
	btf_image_parameter(image, "", 0);
	btf_image_refer(image, BTF_FUNC, "node", ID_PROTOTYPE);
	btf_image_refer(image, BTF_VAR, "variable", ID_INT);
	btf_image_word(image, 1);
	btf_image_entry(image, ".data", (uint32_t)BTF_DATASEC << 24 | 1, 4);
	btf_image_word(image, ID_VARIABLE);
	btf_image_word(image, 0);
	btf_image_word(image, 4);
	btf_image_entry(image, "double", (uint32_t)BTF_FLOAT << 24, 8);
	btf_image_refer(image, BTF_DECL_TAG, "tag", ID_STRUCT);
	btf_image_word(image, 0);
	btf_image_refer(image, BTF_TYPE_TAG, "user", ID_INT);
}

static struct types *open_all(void)
{
	struct btf_image image = {0};

	fill(&image);
	return btf_image_open(&image);
}

static void test_every_kind(void **state)
{
	static const struct {
		enum type_kind kind;
		const char *name;
		uint64_t size;
		uint32_t count;
	} expected[ID_LIMIT] = {
		[ID_INT] = {TYPE_INT, "int", 4},
		[ID_CHAR] = {TYPE_INT, "char", 1},
		[ID_BOOL] = {TYPE_INT, "_Bool", 1},
		[ID_POINTER] = {TYPE_POINTER, "", 8},
		[ID_ARRAY] = {TYPE_ARRAY, "", 24, 6},
		[ID_STRUCT] = {TYPE_STRUCT, "node", 40, 3},
		[ID_UNION] = {TYPE_UNION, "either", 8, 1},
		[ID_ENUM] = {TYPE_ENUM, "zone", 4, 2},
		[ID_ENUM64] = {TYPE_ENUM, "wide", 8, 1},
		[ID_FORWARD] = {TYPE_FORWARD, "hidden", 0},
		[ID_TYPEDEF] = {TYPE_TYPEDEF, "list_t", 24},
		[ID_CONST] = {TYPE_CONST, "", 24},
		[ID_PROTOTYPE] = {TYPE_FUNCTION, "", 0, 2},
		[ID_FUNCTION] = {TYPE_OTHER, "node", 0},
		[ID_VARIABLE] = {TYPE_OTHER, "variable", 0},
		[ID_SECTION] = {TYPE_OTHER, ".data", 0},
		[ID_FLOAT] = {TYPE_FLOAT, "double", 8},
		[ID_DECLARATION_TAG] = {TYPE_OTHER, "tag", 0},
		[ID_TYPE_TAG] = {TYPE_TAG, "user", 4},
	};
	struct types *types = open_all();
	struct type type;

	(void)state;
	assert_int_equal(types->ops->id_limit(types), ID_LIMIT);
	for (type_id id = 1; id < ID_LIMIT; id++) {
		assert_null(types_get(types, id, &type));
		assert_int_equal(type.id, id);
		assert_int_equal(type.kind, expected[id].kind);
		assert_string_equal(type.name, expected[id].name);
		assert_int_equal(type.size, expected[id].size);
		assert_int_equal(type.count, expected[id].count);
	}
	assert_null(types_get(types, 0, &type));
	assert_int_equal(type.kind, TYPE_VOID);
	expect_code(types_get(types, ID_LIMIT, &type), DILL_ERROR_BAD_DATA);
	types_free(types);
}

static void test_items(void **state)
{
	struct types *types = open_all();
	struct type_member member;
	struct type_enumerator enumerator;
	struct type_parameter parameter;
	struct type type;
	int64_t value;
	type_id id;

	(void)state;
	assert_null(types_member(types, ID_STRUCT, 1, &member));
	assert_string_equal(member.name, "flag");
	assert_int_equal(member.type, ID_INT);
	assert_int_equal(member.bit_offset, 69);
	assert_int_equal(member.bit_size, 3);
	expect_code(types_member(types, ID_STRUCT, 3, &member), DILL_ERROR_BAD_DATA);
	expect_code(types_member(types, ID_ENUM, 0, &member), DILL_ERROR_BAD_DATA);
	expect_code(types_member(types, 0, 0, &member), DILL_ERROR_INVALID_ARGUMENT);

	assert_null(types_enumerator(types, ID_ENUM, 0, &enumerator));
	assert_string_equal(enumerator.name, "ZONE_LOW");
	assert_int_equal(enumerator.value, -1);
	assert_null(types_enum_value(types, "WIDE", &value));
	assert_int_equal(value, 0x123456789abcdef0);
	expect_code(types_enum_value(types, "ZONE", &value), DILL_ERROR_NOT_FOUND);

	/* A function and a struct of the same name. */
	assert_null(types_function(types, "node", &id));
	assert_int_equal(id, ID_PROTOTYPE);
	assert_null(types_parameter(types, id, 0, &parameter));
	assert_string_equal(parameter.name, "from");
	assert_null(types_parameter(types, id, 1, &parameter));
	assert_int_equal(parameter.type, 0);
	assert_true(types_has_struct(types, "node", &id));
	assert_int_equal(id, ID_STRUCT);
	assert_false(types_has_struct(types, "hidden", NULL));
	expect_code(types_function(types, "main", &id), DILL_ERROR_NOT_FOUND);

	assert_null(types_get(types, ID_CHAR, &type));
	assert_int_equal(type.encoding, INT_CHAR);
	assert_null(types_get(types, ID_BOOL, &type));
	assert_int_equal(type.encoding, INT_BOOL);
	types_free(types);
}

/* Enumerators are signed in blobs from before the flag for it, unsigned without the flag since. */
static void test_enum_sign(void **state)
{
	int64_t value;

	(void)state;
	for (int modern = 0; modern < 2; modern++) {
		struct btf_image image = {0};

		btf_image_enum(&image, BTF_ENUM, "old", 4, false, 1);
		btf_image_enumerator(&image, "ALL_ONES", 0xffffffff, false);
		if (modern) {
			btf_image_enum(&image, BTF_ENUM, "new", 4, true, 1);
			btf_image_enumerator(&image, "MINUS", -2, false);
		}

		struct types *types = btf_image_open(&image);

		assert_null(types_enum_value(types, "ALL_ONES", &value));
		assert_int_equal(value, modern ? 0xffffffffll : -1ll);
		types_free(types);
	}
}

/* 7.2: 24 bits of count, and a header that got longer. */
static void test_wide_count_and_header(void **state)
{
	struct btf_image image = {.header_size = 32};
	struct type_member member;
	struct type type;

	(void)state;
	btf_image_int(&image, "int", 4, 0);
	btf_image_struct(&image, BTF_STRUCT, "wide", 4 * 0x10001, 0x10001);
	for (uint32_t i = 0; i < 0x10001; i++)
		btf_image_member(&image, i == 0x10000 ? "last" : "", 1, i * 32, 0);

	struct types *types = btf_image_open(&image);

	assert_null(types_get(types, 2, &type));
	assert_int_equal(type.count, 0x10001);
	assert_null(types_member(types, 2, 0x10000, &member));
	assert_string_equal(member.name, "last");
	assert_int_equal(member.bit_offset, 0x10000 * 32);
	types_free(types);
}

static void expect_refused(uint8_t *blob, size_t size, enum dill_error_code code)
{
	struct types *types;

	expect_code(btf_types_new(blob, size, &types), code);
}

static uint8_t *small_blob(size_t *ret_size)
{
	struct btf_image image = {0};

	btf_image_int(&image, "int", 4, 0);
	return btf_image_finish(&image, ret_size);
}

static void test_forged_header(void **state)
{
	static const struct {
		size_t at;
		uint32_t value;
		enum dill_error_code code;
	} forged[] = {
		{0, 0x0001eb9e, DILL_ERROR_BAD_DATA},
		{0, 0x00019feb, DILL_ERROR_UNSUPPORTED},
		{0, 0x0002eb9f, DILL_ERROR_UNSUPPORTED},
		{BTF_HEADER_LENGTH, 23, DILL_ERROR_BAD_DATA},
		{BTF_HEADER_LENGTH, 0xffffffff, DILL_ERROR_BAD_DATA},
		{BTF_HEADER_LENGTH, 28, DILL_ERROR_BAD_DATA},
		{BTF_HEADER_TYPES_AT, 0xfffffff0, DILL_ERROR_BAD_DATA},
		{BTF_HEADER_TYPES_AT, 8, DILL_ERROR_BAD_DATA},
		{BTF_HEADER_TYPES_SIZE, 0xffffffff, DILL_ERROR_BAD_DATA},
		{BTF_HEADER_TYPES_SIZE, 15, DILL_ERROR_BAD_DATA},
		{BTF_HEADER_TYPES_SIZE, 4, DILL_ERROR_BAD_DATA},
		{BTF_HEADER_NAMES_AT, 0xffffffff, DILL_ERROR_BAD_DATA},
		{BTF_HEADER_NAMES_SIZE, 0, DILL_ERROR_BAD_DATA},
		{BTF_HEADER_NAMES_SIZE, 3, DILL_ERROR_BAD_DATA},
		{BTF_HEADER_NAMES_SIZE, 0x7fffffff, DILL_ERROR_BAD_DATA},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(forged) / sizeof(forged[0]); i++) {
		size_t size;
		uint8_t *blob = small_blob(&size);

		memcpy(blob + forged[i].at, &forged[i].value, sizeof(forged[i].value));
		expect_refused(blob, size, forged[i].code);
	}
	for (size_t size = 0; size < BTF_HEADER_SIZE; size++)
		expect_refused(calloc(1, size + 1), size, DILL_ERROR_BAD_DATA);
}

static void test_forged_entries(void **state)
{
	struct btf_image image = {0};
	size_t size;
	uint8_t *blob;

	(void)state;
	for (uint32_t kind = 0; kind < 128; kind++) {
		if (kind > 0 && kind < BTF_KIND_COUNT)
			continue;
		btf_image_entry(&image, "", kind << 24, 0);
		blob = btf_image_finish(&image, &size);
		expect_refused(blob, size, DILL_ERROR_BAD_DATA);
	}
	btf_image_entry(&image, "many", (uint32_t)BTF_STRUCT << 24 | 0xffffff, 8);
	blob = btf_image_finish(&image, &size);
	expect_refused(blob, size, DILL_ERROR_BAD_DATA);

	/* A name outside of its section, and one that is too long. */
	btf_image_word(&image, 0x1000);
	btf_image_word(&image, (uint32_t)BTF_TYPEDEF << 24);
	btf_image_word(&image, 0);
	blob = btf_image_finish(&image, &size);
	expect_refused(blob, size, DILL_ERROR_BAD_DATA);

	char name[TYPE_NAME_MAX + 2];

	memset(name, 'x', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	btf_image_refer(&image, BTF_TYPEDEF, name, 0);
	blob = btf_image_finish(&image, &size);
	expect_refused(blob, size, DILL_ERROR_BAD_DATA);
}

/* What hangs on one type spoils no other. */
static void test_forged_references(void **state)
{
	struct btf_image image = {0};
	struct type type;
	struct type_member member;

	(void)state;
	uint32_t whole = btf_image_int(&image, "int", 4, 0);
	uint32_t outside = btf_image_refer(&image, BTF_TYPEDEF, "outside", 1000);
	uint32_t loop = btf_image_refer(&image, BTF_TYPEDEF, "loop", 3);
	uint32_t huge = btf_image_array(&image, 5, 0xffffffff);

	btf_image_array(&image, 6, 0xffffffff);
	btf_image_array(&image, whole, 0xffffffff);

	uint32_t self = btf_image_array(&image, 7, 2);
	uint32_t fat = btf_image_int(&image, "fat", 17, 0);
	uint32_t holder = btf_image_struct(&image, BTF_STRUCT, "holder", 8, 2);

	btf_image_member(&image, "bad", 1000, 0, 0);
	btf_image_member(&image, "good", whole, 0, 0);

	uint32_t orphan = btf_image_refer(&image, BTF_FUNC, "orphan", whole);
	struct types *types = btf_image_open(&image);

	expect_code(types_get(types, outside, &type), DILL_ERROR_BAD_DATA);
	expect_code(types_get(types, loop, &type), DILL_ERROR_BAD_DATA);
	expect_code(types_strip(types, loop, &type), DILL_ERROR_BAD_DATA);
	expect_code(types_get(types, huge, &type), DILL_ERROR_BAD_DATA);
	expect_code(types_get(types, self, &type), DILL_ERROR_BAD_DATA);
	expect_code(types_get(types, fat, &type), DILL_ERROR_BAD_DATA);
	expect_code(types_member(types, holder, 0, &member), DILL_ERROR_BAD_DATA);
	assert_null(types_member(types, holder, 1, &member));
	assert_string_equal(member.name, "good");
	expect_code(types_function(types, "orphan", &orphan), DILL_ERROR_BAD_DATA);
	types_free(types);
}

/* Every byte of a blob changed, one at a time: nothing may crash, and what opens can be read. */
static void test_no_crash_with_any_byte_changed(void **state)
{
	static const uint8_t values[] = {0, 1, 0x7f, 0x80, 0xff};
	struct btf_image image = {0};
	size_t size;

	(void)state;
	fill(&image);
	uint8_t *blob = btf_image_finish(&image, &size);

	for (size_t at = 0; at < size * sizeof(values); at++) {
		uint8_t *forged = malloc(size);
		struct types *types = NULL;

		assert_non_null(forged);
		memcpy(forged, blob, size);
		forged[at / sizeof(values)] = values[at % sizeof(values)];
		dill_error_free(btf_types_new(forged, size, &types));
		for (type_id id = 0; types && id < types->ops->id_limit(types); id++) {
			_cleanup_(strbuf_deinitp)
			struct strbuf text = {0};
			struct type type;
			struct type_place place;

			dill_error_free(types_strip(types, id, &type));
			dill_error_free(types_declare(types, id, "x", &text));
			dill_error_free(types_place(types, id, "next->list[1]", &place));
		}
		types_free(types);
	}
	free(blob);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_kind),
		cmocka_unit_test(test_items),
		cmocka_unit_test(test_enum_sign),
		cmocka_unit_test(test_wide_count_and_header),
		cmocka_unit_test(test_forged_header),
		cmocka_unit_test(test_forged_entries),
		cmocka_unit_test(test_forged_references),
		cmocka_unit_test(test_no_crash_with_any_byte_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
