/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "command/completions.h"

/* Completions of a line without a target, joined by blanks. */
static void expect(const char *line, const char *expected)
{
	struct completions found = {0};
	struct strbuf joined = {0};

	assert_null(command_complete(NULL, line, &found));
	for (size_t i = 0; i < found.words.count; i++)
		strbuf_append_format(&joined, "%s%s", i ? " " : "", found.words.items[i]);
	assert_string_equal(strbuf_get(&joined), expected);
	strbuf_deinit(&joined);
	completions_deinit(&found);
}

static void test_commands(void **state)
{
	(void)state;
	expect("hel", "help");
	expect("  hel", "help");
	expect("'hel", "help");
	expect("help hel", "help");
	expect("break kmalloc-64 ", "alloc free");
	expect("break kmalloc-64 f", "free");
	expect("help help ", ""); /* there is no second argument */
	expect("nothing", "");
	expect("nothing ", "");
}

static void test_options(void **state)
{
	(void)state;
	expect("help -", "--help --json --wide");
	expect("help --j", "--json");
	expect("help x --j", "--json");
	expect("help -- --j", "");
	expect("help --json=", "");
	expect("help --=", "");
	expect("help -=", "");
}

static void test_values_of_options(void **state)
{
	(void)state;
	expect("kcensus --by s", "site slab stack");
	expect("kcensus --by=no", "--by=node");
	expect("kcensus -b c", "cache cpu");
	expect("kcensus --by x", "");
}

static void test_names_from_the_target_need_one(void **state)
{
	(void)state;
	expect("kcache ", "");
	expect("kcache --cpu ", "");
	expect("kcache --cpu=", "");
	expect("kstruct struct task_", "");
	expect("kstruct task_struct cred.", "");
}

static void test_offers_are_safe_to_type(void **state)
{
	struct completions found = {0};
	struct completer completer = {.lead = "--cache=", .prefix = "k", .ret = &found};

	(void)state;
	assert_null(completer_offer(&completer, "kmalloc-64"));
	assert_null(completer_offer(&completer, "dentry"));
	assert_null(completer_offer(&completer, "k m"));
	assert_null(completer_offer(&completer, "k\x1b[2J"));
	assert_null(completer_offer(&completer, "k'"));
	assert_null(completer_offer(&completer, ""));
	assert_int_equal(found.words.count, 1);
	assert_string_equal(found.words.items[0], "--cache=kmalloc-64");
	completions_deinit(&found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_values_of_options),
		cmocka_unit_test(test_names_from_the_target_need_one),
		cmocka_unit_test(test_offers_are_safe_to_type),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
