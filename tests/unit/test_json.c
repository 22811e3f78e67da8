/* SPDX-License-Identifier: MIT */
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "render/json.h"

enum {
	COL_ADDRESS,
	COL_NUMBER,
	COL_INTEGER,
	COL_FLAG,
	COL_TEXT,
	COL_ADDRESSES,
	COL_TEXTS,
	COL_INNER,
	COL_WORD,
};

enum color { RED, GREEN };

static const char *color_word(enum color color)
{
	return color == RED ? "red" : "green";
}

ENUMERATION_OF_FILE(colors, color_word, GREEN + 1);

static const struct dill_record_kind kind;

static const struct column columns[] = {
	[COL_ADDRESS] = {"address", DILL_COLUMN_ADDRESS, NULL, ""},
	[COL_NUMBER] = {"number", DILL_COLUMN_COUNT, NULL, ""},
	[COL_INTEGER] = {"integer", DILL_COLUMN_SIGNED, NULL, ""},
	[COL_FLAG] = {"flag", DILL_COLUMN_BOOL, NULL, ""},
	[COL_TEXT] = {"text", DILL_COLUMN_TEXT, NULL, ""},
	[COL_ADDRESSES] = {"addresses", DILL_COLUMN_ADDRESSES, NULL, ""},
	[COL_TEXTS] = {"texts", DILL_COLUMN_TEXTS, NULL, ""},
	[COL_INNER] = {"inner", DILL_COLUMN_RECORDS, NULL, "", &kind},
	[COL_WORD] = {"word", DILL_COLUMN_ENUM, NULL, "", .words = &colors},
};

static const struct dill_record_kind kind = {"thing", "", columns,
					     sizeof(columns) / sizeof(*columns)};

static struct arena *arena;

static int setup(void **state)
{
	(void)state;
	assert_null(arena_new(&arena));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static void expect(const struct dill_record *record, const char *expected)
{
	struct strbuf text = {0};
	json_t *read;

	assert_null(json_append_record(&text, record));
	assert_string_equal(strbuf_get(&text), expected);
	/* Numbers above INT64_MAX are read as reals. */
	read = json_loads(strbuf_get(&text), JSON_DECODE_INT_AS_REAL | JSON_REJECT_DUPLICATES,
			  NULL);
	assert_non_null(read);
	json_decref(read);
	strbuf_deinit(&text);
}

static void test_absent_fields_are_left_out(void **state)
{
	struct dill_record *record = record_new(arena, &kind);

	(void)state;
	expect(record, "{\"record\":\"thing\"}");
	record_set_number(record, COL_NUMBER, 0);
	expect(record, "{\"record\":\"thing\",\"number\":0}");
}

static void test_every_type_in_the_order_of_columns(void **state)
{
	static const uint64_t addresses[] = {0, UINT64_MAX};
	static const char *const texts[] = {"a", "b"};
	struct dill_record *record = record_new(arena, &kind), *inner = record_new(arena, &kind);
	struct record_list list = {0};

	(void)state;
	record_set_number(inner, COL_NUMBER, 1);
	record_list_append(&list, inner);
	record_list_append(&list, record_new(arena, &kind));
	record_set_records(record, COL_INNER, list);
	record_set_texts(record, COL_TEXTS, texts, 2);
	record_set_addresses(record, COL_ADDRESSES, addresses, 2);
	record_set_text(record, COL_TEXT, "kmalloc-64");
	record_set_bool(record, COL_FLAG, true);
	record_set_signed(record, COL_INTEGER, -5);
	record_set_number(record, COL_NUMBER, 42);
	record_set_number(record, COL_ADDRESS, 0xffff888003c41000);
	expect(record, "{\"record\":\"thing\",\"address\":\"0xffff888003c41000\",\"number\":42,"
		       "\"integer\":-5,\"flag\":true,\"text\":\"kmalloc-64\","
		       "\"addresses\":[\"0x0000000000000000\",\"0xffffffffffffffff\"],"
		       "\"texts\":[\"a\",\"b\"],\"inner\":[{\"number\":1},{}]}");
}

static void test_extreme_numbers(void **state)
{
	struct dill_record *record = record_new(arena, &kind);

	(void)state;
	record_set_number(record, COL_NUMBER, UINT64_MAX);
	record_set_signed(record, COL_INTEGER, INT64_MIN);
	expect(record, "{\"record\":\"thing\",\"number\":18446744073709551615,"
		       "\"integer\":-9223372036854775808}");
}

static void test_empty_lists_are_not_absent(void **state)
{
	struct dill_record *record = record_new(arena, &kind);

	(void)state;
	record_set_addresses(record, COL_ADDRESSES, NULL, 0);
	record_set_texts(record, COL_TEXTS, NULL, 0);
	record_set_records(record, COL_INNER, (struct record_list){0});
	expect(record, "{\"record\":\"thing\",\"addresses\":[],\"texts\":[],\"inner\":[]}");
}

static void expect_text(const char *text, const char *expected)
{
	struct dill_record *record = record_new(arena, &kind);
	char *line = arena_format(arena, "{\"record\":\"thing\",\"text\":%s}", expected);

	record_set_text(record, COL_TEXT, text);
	expect(record, line);
}

static void test_texts_are_quoted(void **state)
{
	(void)state;
	expect_text("", "\"\"");
	expect_text("a\"b\\c", "\"a\\\"b\\\\c\"");
	expect_text("a\nb\x1b", "\"a\\nb\\u001B\"");
	expect_text("k\xc3\xa4se", "\"k\xc3\xa4se\"");
	expect_text("\xff\xc3", "\"\\\\xff\\\\xc3\""); /* no UTF-8: as \xff\xc3 */
}

static void test_nesting_is_bounded(void **state)
{
	struct dill_record *record = record_new(arena, &kind);
	struct strbuf text = {0};
	struct dill_error *error;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		struct dill_record *outer = record_new(arena, &kind);
		struct record_list list = {0};

		record_list_append(&list, record);
		record_set_records(outer, COL_INNER, list);
		record = outer;
	}
	strbuf_append(&text, "before\n");
	error = json_append_record(&text, record);
	assert_non_null(error);
	assert_int_equal(dill_error_code(error), DILL_ERROR_LIMIT);
	assert_string_equal(strbuf_get(&text), "before\n");
	dill_error_free(error);
	strbuf_deinit(&text);
}

/* The number is for who draws it; what is printed is the word. */
static void test_words_of_an_enum(void **state)
{
	struct dill_record *record = record_new(arena, &kind);

	(void)state;
	record_set_enum(record, COL_WORD, GREEN);
	assert_int_equal(record_number(record, COL_WORD), GREEN);
	assert_string_equal(record_text(record, COL_WORD), "green");
	expect(record, "{\"record\":\"thing\",\"word\":\"green\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_absent_fields_are_left_out),
		cmocka_unit_test(test_words_of_an_enum),
		cmocka_unit_test(test_every_type_in_the_order_of_columns),
		cmocka_unit_test(test_extreme_numbers),
		cmocka_unit_test(test_empty_lists_are_not_absent),
		cmocka_unit_test(test_texts_are_quoted),
		cmocka_unit_test(test_nesting_is_bounded),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
