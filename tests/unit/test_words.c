/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "command/words.h"

static void expect(const struct words *words, const char *const *expected)
{
	size_t count = 0;

	for (; expected[count]; count++) {
		assert_true(count < words->list.count);
		assert_string_equal(words->list.items[count], expected[count]);
	}
	assert_int_equal(words->list.count, count);
	assert_null(words->list.items[count]);
}

/* Split a line into the words that follow, and compare. */
#define SPLIT(line, ...)                                                                           \
	do {                                                                                       \
		struct words split_ = {0};                                                         \
		assert_null(words_split(line, &split_));                                           \
		expect(&split_, (const char *const[]){line, ##__VA_ARGS__, NULL} + 1);             \
		words_deinit(&split_);                                                             \
	} while (0)

static void test_blanks_separate(void **state)
{
	(void)state;
	SPLIT("");
	SPLIT(" \t\n");
	SPLIT("kcache", "kcache");
	SPLIT("  kcache\tkmalloc-64 \r\n", "kcache", "kmalloc-64");
	SPLIT("k\xc3\xa4se", "k\xc3\xa4se");
}

static void test_quotes(void **state)
{
	(void)state;
	SPLIT("kstruct 'struct file *'", "kstruct", "struct file *");
	SPLIT("a \"b c\"d'e f'", "a", "b cde f");
	SPLIT("'' \"\"", "", "");
	SPLIT("'a\"b' \"a'b\"", "a\"b", "a'b");
	SPLIT("a\\ b \\'c \\\\", "a b", "'c", "\\");
	SPLIT("'a\\b' \"a\\b\" \"\\\"\\\\\"", "a\\b", "a\\b", "\"\\");
	SPLIT("a\\", "a\\"); /* nothing to take as it is */
}

static void test_comments(void **state)
{
	(void)state;
	SPLIT("# all of it");
	SPLIT("kbase # why", "kbase");
	SPLIT("a#b '#c'", "a#b", "#c");
}

static void test_open_quote(void **state)
{
	struct words words;
	struct dill_error *error = words_split("kcache 'a b", &words);

	(void)state;
	assert_non_null(error);
	assert_int_equal(dill_error_code(error), DILL_ERROR_INVALID_ARGUMENT);
	dill_error_free(error);
	words_deinit(&words);
}

static void unfinished(const char *line, const char *last, size_t count, size_t start)
{
	struct words words = {0};

	assert_null(words_split_unfinished(line, &words));
	assert_int_equal(words.list.count, count);
	assert_string_equal(words.list.items[count - 1], last);
	assert_int_equal(words.last_start, start);
	words_deinit(&words);
}

static void test_unfinished_lines_have_a_last_word(void **state)
{
	(void)state;
	unfinished("", "", 1, 0);
	unfinished("kc", "kc", 1, 0);
	unfinished("  kc", "kc", 1, 2);
	unfinished("kcache ", "", 2, 7);
	unfinished("kcache 'a b", "a b", 2, 7);
	unfinished("kcache 'a b' ", "", 3, 13);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_blanks_separate),
		cmocka_unit_test(test_quotes),
		cmocka_unit_test(test_comments),
		cmocka_unit_test(test_open_quote),
		cmocka_unit_test(test_unfinished_lines_have_a_last_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
