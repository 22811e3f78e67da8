/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/array.h"
#include "base/strbuf.h"

static void escaped(const char *bytes, size_t length, const char *expected)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf text = {0};

	strbuf_append_escaped(&text, bytes, length);
	assert_string_equal(strbuf_get(&text), expected);
}

static void test_escape_keeps_terminals_safe(void **state)
{
	(void)state;
	escaped("kmalloc-64", 10, "kmalloc-64");
	escaped("\033[2J", 4, "\\x1b[2J");
	escaped("a\\b", 3, "a\\x5cb");
	escaped("\xc3\xa4", 2, "\xc3\xa4");
	escaped("\xc3", 1, "\\xc3");	      /* cut */
	escaped("\xc0\x80", 2, "\\xc0\\x80"); /* overlong */
	escaped("\xc2\x9b", 2, "\\xc2\\x9b"); /* C1: CSI */
	/* Right-to-left override. NOLINTNEXTLINE(misc-misleading-bidirectional): the case itself */
	escaped("\xe2\x80\xae", 3, "\\xe2\\x80\\xae");
	escaped("\xed\xa0\x80", 3, "\\xed\\xa0\\x80"); /* surrogate */
	escaped("\x7f", 1, "\\x7f");
	escaped("", 0, "");
}

static void test_error_context(void **state)
{
	(void)state;
	_cleanup_(dill_error_freep)
	struct dill_error *error = dill_error_new_fault(0x1234, "cannot read %s", "page");

	error = dill_error_add_context(error, "cpu %d", 3);
	assert_string_equal(dill_error_text(error), "cpu 3: cannot read page");
	assert_int_equal(dill_error_code(error), DILL_ERROR_FAULT);
	assert_int_equal(dill_error_address(error), 0x1234);
	assert_null(dill_error_add_context(NULL, "nothing"));
}

static void test_array_grows(void **state)
{
	(void)state;
	ARRAY(uint32_t) list = {0};

	for (uint32_t i = 0; i < 1000; i++)
		assert_null(array_push(&list, i));
	assert_int_equal(list.count, 1000);
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(list.items[i], i);
	array_free(&list);
	assert_null(list.items);
}

static void test_arena_blocks_are_zeroed_and_apart(void **state)
{
	(void)state;
	_cleanup_(arena_freep)
	struct arena *arena = NULL;

	assert_null(arena_new(&arena));
	unsigned char *last = NULL;

	for (size_t size = 0; size < 200000; size = size * 2 + 1) {
		unsigned char *block = arena_alloc(arena, size);

		assert_non_null(block);
		assert_int_equal((uintptr_t)block % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(block[i], 0);
		memset(block, 0xff, size);
		assert_ptr_not_equal(block, last);
		last = block;
	}
	assert_null(arena_alloc_array(arena, SIZE_MAX / 2, 4));
	assert_string_equal(arena_format(arena, "%s-%d", "kmalloc", 64), "kmalloc-64");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_escape_keeps_terminals_safe),
		cmocka_unit_test(test_error_context),
		cmocka_unit_test(test_array_grows),
		cmocka_unit_test(test_arena_blocks_are_zeroed_and_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
