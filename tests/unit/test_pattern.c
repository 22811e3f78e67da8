/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/pattern.h"

static struct pattern parse(const char *text)
{
	struct pattern pattern;
	struct dill_error *error = pattern_parse(text, &pattern);

	if (error)
		fail_msg("%s: %s", text, dill_error_text(error));
	return pattern;
}

/* All places as text: "0 4 ". */
static const char *places(const struct pattern *pattern, const void *bytes, size_t size)
{
	static char text[256];
	struct span span = {bytes, size};
	size_t at = 0, used = 0;

	text[0] = '\0';
	for (; pattern_find(pattern, span, at, 0, &at); at++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%zu ", at);
	return text;
}

static void expect(const char *text, const char *bytes, size_t size, const char *expected)
{
	struct pattern pattern = parse(text);

	assert_string_equal(places(&pattern, bytes, size), expected);
}

static void test_bytes(void **state)
{
	(void)state;
	expect("61", "abcabc", 6, "0 3 ");
	expect("6162", "abcabc", 6, "0 3 ");
	expect("61 62 63", "abcab", 5, "0 ");
	expect("6161", "aaaa", 4, "0 1 2 ");
	expect("64", "abc", 3, "");
	expect("616263", "ab", 2, "");
	expect("DEad", "\xde\xad", 2, "0 ");
	expect("00", "", 0, "");
}

static void test_wildcards(void **state)
{
	(void)state;
	expect("61??63", "abcaxcab", 8, "0 3 ");
	expect("??62", "abbb", 4, "0 1 2 "); /* the anchor is not at its start ... */
	expect("??62", "bb", 2, "0 ");	     /* ... and needs a byte in front */
	expect("62??", "abb", 3, "1 ");	     /* ... or behind */
	expect("61 ?? ?? 6262", "abxbbaxxbb", 10, "0 5 ");
	expect("61????6162", "a  ab  ab", 9, "0 ");
}

static void test_values(void **state)
{
	static const uint8_t bytes[] = {0, 1, 2, 0, 0, 0, 2, 0, 0, 0, 1, 2, 1, 2, 0, 0};

	(void)state;
	expect("u16:0x201", (const char *)bytes, sizeof(bytes), "10 12 "); /* not at 1 */
	expect("u32:513", (const char *)bytes, sizeof(bytes), "12 ");
	expect("u8:2", (const char *)bytes, sizeof(bytes), "2 6 11 13 ");
	expect("u64:0x20102010001", (const char *)bytes, sizeof(bytes), "");
	expect("u64:0x0000020102010000", (const char *)bytes, sizeof(bytes), "8 ");
	expect("u16:0 u16:0x201", (const char *)bytes, sizeof(bytes), "8 ");
	expect("0201 u16:0x201", (const char *)bytes, sizeof(bytes), ""); /* bytes have no order */
	expect("0102 u16:0x201", (const char *)bytes, sizeof(bytes), "10 ");
	expect("u32:513 ??", (const char *)bytes, sizeof(bytes), ""); /* no byte behind it */
	expect("u64:18446744073709551615", "\xff\xff\xff\xff\xff\xff\xff\xff", 8, "0 ");
}

/* Alignment counts from where the object begins, not the span. */
static void test_base(void **state)
{
	struct pattern word = parse("u32:7"), half = parse("u16:7");
	const uint8_t bytes[] = {0, 0, 7, 0, 0, 0, 7, 0, 0, 0};
	struct span span = {bytes, sizeof(bytes)};
	size_t at;

	(void)state;
	assert_false(pattern_find(&word, span, 0, 0, &at));
	assert_true(pattern_find(&word, span, 0, 2, &at));
	assert_int_equal(at, 2);
	assert_true(pattern_find(&word, span, 3, 2, &at));
	assert_int_equal(at, 6);
	assert_false(pattern_find(&word, span, 7, 2, &at));
	assert_false(pattern_find(&half, span, 0, 1, &at));
}

static void expect_wrong(const char *text, const char *why)
{
	struct pattern pattern;
	struct dill_error *error = pattern_parse(text, &pattern);

	assert_non_null(error);
	assert_int_equal(dill_error_code(error), DILL_ERROR_INVALID_ARGUMENT);
	if (!strstr(dill_error_text(error), why))
		fail_msg("%s: \"%s\" is not in \"%s\"", text, why, dill_error_text(error));
	dill_error_free(error);
}

static void test_wrong(void **state)
{
	char longest[2 * PATTERN_MAX + 3];

	(void)state;
	expect_wrong("", "everywhere");
	expect_wrong("?? ????", "everywhere");
	expect_wrong("1", "no pattern");
	expect_wrong("0x12", "no pattern");
	expect_wrong("1?", "no pattern");
	expect_wrong("gg", "no pattern");
	expect_wrong("u24:1", "no pattern");
	expect_wrong("u8:", "1 byte");
	expect_wrong("u8:-1", "1 byte");
	expect_wrong("u8:256", "1 byte");
	expect_wrong("u32:0x", "4 bytes");
	expect_wrong("u32:12x", "4 bytes");
	expect_wrong("u64:18446744073709551616", "8 bytes");
	memset(longest, '0', sizeof(longest));
	longest[2 * PATTERN_MAX] = '\0';
	parse(longest);
	longest[2 * PATTERN_MAX] = '0';
	longest[sizeof(longest) - 1] = '\0';
	expect_wrong(longest, "at most");
}

static void test_text(void **state)
{
	struct pattern pattern;
	struct dill_error *error;

	(void)state;
	assert_null(pattern_of_bytes("bc", 2, &pattern));
	assert_string_equal(places(&pattern, "abcbc", 5), "1 3 ");
	error = pattern_of_bytes("", 0, &pattern);
	assert_int_equal(dill_error_code(error), DILL_ERROR_INVALID_ARGUMENT);
	dill_error_free(error);
}

static void test_words(void **state)
{
	uint64_t words[] = {99, 100, 115, 116, 0, UINT64_MAX};
	struct span span = {(const uint8_t *)words, sizeof(words)};
	size_t at;

	(void)state;
	assert_true(word_find(span, 0, 100, 16, &at));
	assert_int_equal(at, 8);
	assert_true(word_find(span, 9, 100, 16, &at)); /* from the next multiple of 8 on */
	assert_int_equal(at, 16);
	assert_false(word_find(span, 17, 100, 16, &at));
	assert_true(word_find(span, 0, UINT64_MAX, 1, &at));
	assert_int_equal(at, 40);
	span.size = 47;
	assert_false(word_find(span, 0, UINT64_MAX, 1, &at));
	span.size = 7;
	assert_false(word_find(span, 0, 0, UINT64_MAX, &at));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes),  cmocka_unit_test(test_wildcards),
		cmocka_unit_test(test_values), cmocka_unit_test(test_base),
		cmocka_unit_test(test_wrong),  cmocka_unit_test(test_text),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
