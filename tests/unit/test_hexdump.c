/* SPDX-License-Identifier: MIT */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "render/hexdump.h"

static void expect(const char *digits, uint64_t address, uint64_t origin, const char *text)
{
	struct painter painter = {.width = UINT_MAX};

	hexdump_draw(&painter, digits, address, origin);
	assert_string_equal(strbuf_get(&painter.text), text);
	strbuf_deinit(&painter.text);
}

static void test_words_and_characters(void **state)
{
	(void)state;
	expect("44494c4c4d534721"
	       "0100000000000000",
	       0x1000, 0xff8,
	       "  0x0000000000001000     +8  2147534d4c4c4944 0000000000000001  "
	       "DILLMSG!........\n");
	expect("ff41", 0x1000, 0x1010,
	       "  0x0000000000001000    -16              41ff                   .A\n");
	expect("", 0x1000, 0x1000, "");
}

static void test_equal_lines_are_folded(void **state)
{
#define ZEROS "00000000000000000000000000000000"
	(void)state;
	expect(ZEROS ZEROS ZEROS ZEROS, 0, 0,
	       "  0x0000000000000000     +0  0000000000000000 0000000000000000  ................\n"
	       "  *\n"
	       "  0x0000000000000030    +48  0000000000000000 0000000000000000  "
	       "................\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words_and_characters),
		cmocka_unit_test(test_equal_lines_are_folded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
