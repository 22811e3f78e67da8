/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/strbuf.h"
#include "command/arguments.h"

enum { OPTION_CPU, OPTION_COUNTS, OPTION_COLUMN, OPTION_AT, OPTION_LIMIT };

static const struct command command = {
	.name = "kthing",
	.summary = "Show things",
	.arguments = {{"THING", ARGUMENT_CACHE}, {"NODE", ARGUMENT_NODE, .optional = true}},
	.options =
		{
			[OPTION_CPU] = {"cpu", 'c', ARGUMENT_CPU, "CPU", "doc"},
			[OPTION_COUNTS] = {"count", 'C', ARGUMENT_NONE, NULL, "doc"},
			[OPTION_COLUMN] = {"column", 0, ARGUMENT_TEXT, "NAME", "doc"},
			[OPTION_AT] = {"at", 'a', ARGUMENT_ADDRESS, "ADDRESS", "doc"},
			[OPTION_LIMIT] = {"count-limit", 'l', ARGUMENT_NUMBER, "N", "doc"},
		},
};

static const struct command rest = {
	.name = "krest",
	.arguments = {{"TYPE", ARGUMENT_TYPE},
		      {"WORD", ARGUMENT_TEXT, .optional = true, .rest = true}},
};

static const struct command event = {.name = "kevent", .arguments = {{"EVENT", ARGUMENT_EVENT}}};

static struct command_call call;
static struct common_given common;

#define MANY 1000

/* Parse a line of words without quotes. */
static struct dill_error *parse(const struct command *table, const char *line)
{
	static char words[4 * MANY];
	const char *argv[2 * MANY];
	int argc = 0;

	strncpy(words, line, sizeof(words) - 1);
	for (char *left, *word = strtok_r(words, " ", &left); word;
	     word = strtok_r(NULL, " ", &left))
		argv[argc++] = word;
	return arguments_parse(table, argc, argv, &call, &common);
}

static void fails(const struct command *table, const char *line, const char *text)
{
	_cleanup_(dill_error_freep)
	struct dill_error *error = parse(table, line);

	assert_non_null(error);
	assert_int_equal(dill_error_code(error), DILL_ERROR_INVALID_ARGUMENT);
	if (!strstr(dill_error_text(error), text))
		fail_msg("\"%s\" says \"%s\", not \"%s\"", line, dill_error_text(error), text);
	assert_non_null(strstr(dill_error_text(error), "usage: "));
}

static void test_words(void **state)
{
	(void)state;
	assert_null(parse(&command, "kthing dentry"));
	assert_int_equal(call.argument_count, 1);
	assert_string_equal(call.arguments[0], "dentry");
	assert_null(call.arguments[1]);
	assert_false(call.options[OPTION_CPU].given);
	assert_null(parse(&command, "kthing - 0x1"));
	assert_string_equal(call.arguments[0], "-");
	assert_string_equal(call.arguments[1], "0x1");
	fails(&command, "kthing", "THING is missing");
	fails(&command, "kthing a 1 b", "one word too many: \"b\"");
	fails(&command, "kthing a b", "NODE: \"b\" is no number");
}

static void test_rest_takes_all_words(void **state)
{
	_cleanup_(strbuf_deinitp)
	struct strbuf many = {0};

	(void)state;
	assert_null(parse(&rest, "krest struct task_struct cred"));
	assert_int_equal(call.argument_count, 3);
	assert_string_equal(call.arguments[2], "cred");
	strbuf_append(&many, "krest t");
	for (int i = 1; i < MANY; i++)
		strbuf_append(&many, " w");
	assert_null(parse(&rest, strbuf_get(&many)));
	assert_int_equal(call.argument_count, MANY);
	assert_string_equal(call.arguments[MANY - 1], "w");
}

static void test_long_options(void **state)
{
	(void)state;
	assert_null(parse(&command, "kthing --cpu=3 a --column --cpu"));
	assert_true(call.options[OPTION_CPU].given);
	assert_int_equal(call.options[OPTION_CPU].number, 3);
	assert_string_equal(call.options[OPTION_COLUMN].text, "--cpu"); /* a value, as it stands */
	assert_null(parse(&command, "kthing a --cp 3 --cpu 0x10"));
	assert_int_equal(call.options[OPTION_CPU].number, 16);
	assert_null(parse(&command, "kthing a --count")); /* also the start of --count-limit */
	assert_true(call.options[OPTION_COUNTS].given);
	assert_false(call.options[OPTION_LIMIT].given);
	assert_null(parse(&command, "kthing a --count- 5"));
	assert_int_equal(call.options[OPTION_LIMIT].number, 5);
	assert_null(parse(&command, "kthing a --column="));
	assert_string_equal(call.options[OPTION_COLUMN].text, "");
	fails(&command, "kthing a --co 5", "\"--co\" may be --count or --column");
	fails(&command, "kthing a --cpuu 5", "did you mean cpu");
	fails(&command, "kthing a --=5", "no option \"--\"");
	fails(&command, "kthing a --count=5", "--count takes no value");
	fails(&command, "kthing a --cpu", "--cpu needs a value: CPU");
}

static void test_letters(void **state)
{
	(void)state;
	assert_null(parse(&command, "kthing -Cc1 a"));
	assert_true(call.options[OPTION_COUNTS].given);
	assert_int_equal(call.options[OPTION_CPU].number, 1);
	assert_null(parse(&command, "kthing -c 2 a"));
	assert_int_equal(call.options[OPTION_CPU].number, 2);
	fails(&command, "kthing -x a", "no option \"-x\"");
	fails(&command, "kthing a -1", "no option \"-1\"");
	fails(&command, "kthing a -Cc", "--cpu needs a value");
}

static void test_double_dash_ends_options(void **state)
{
	(void)state;
	assert_null(parse(&command, "kthing -- --cpu"));
	assert_string_equal(call.arguments[0], "--cpu");
	assert_false(call.options[OPTION_CPU].given);
	assert_null(parse(&rest, "krest a -- --"));
	assert_string_equal(call.arguments[1], "--");
}

static void test_numbers(void **state)
{
	(void)state;
	assert_null(parse(&command, "kthing a -l 18446744073709551615"));
	assert_int_equal(call.options[OPTION_LIMIT].number, UINT64_MAX);
	assert_null(parse(&command, "kthing a -l 0xffffffffffffffff"));
	assert_int_equal(call.options[OPTION_LIMIT].number, UINT64_MAX);
	assert_null(parse(&command, "kthing a -l 010"));
	assert_int_equal(call.options[OPTION_LIMIT].number, 10);
	fails(&command, "kthing a -l 18446744073709551616", "is no number");
	fails(&command, "kthing a -l 0x10000000000000000", "is no number");
	fails(&command, "kthing a -l -1", "is no number");
	fails(&command, "kthing a -l +1", "is no number");
	fails(&command, "kthing a -l 1k", "is no number");
	fails(&command, "kthing a -l 0x", "is no number");
	fails(&command, "kthing a --count-limit=", "is no number");
	/* A CPU that would be another one when cut to 32 bits. */
	fails(&command, "kthing a -c 4294967296", "--cpu: \"4294967296\" is no number");
	fails(&command, "kthing a 2147483648", "NODE: ");
}

static void test_addresses_wait_for_the_target(void **state)
{
	(void)state;
	assert_null(parse(&command, "kthing a --at=0xffff888003c41000"));
	assert_int_equal(call.options[OPTION_AT].number, 0xffff888003c41000);
	assert_null(parse(&command, "kthing a --at ffff888003c41000"));
	assert_int_equal(call.options[OPTION_AT].number, 0xffff888003c41000);
	assert_null(parse(&command, "kthing a -a init_task+8"));
	assert_string_equal(call.options[OPTION_AT].text, "init_task+8");
	assert_int_equal(call.options[OPTION_AT].number, 0);
}

static void test_common_options(void **state)
{
	(void)state;
	assert_null(parse(&command, "kthing a --json"));
	assert_true(common.json);
	assert_false(common.help);
	assert_null(parse(&command, "kthing --he")); /* no THING needed for help */
	assert_true(common.help);
	assert_null(parse(&command, "kthing -h"));
	assert_true(common.help);
}

static void test_events(void **state)
{
	(void)state;
	assert_null(parse(&event, "kevent alloc"));
	assert_null(parse(&event, "kevent free"));
	fails(&event, "kevent fre", "EVENT: \"fre\" is neither alloc nor free");
}

static void test_awaiting_options(void **state)
{
	(void)state;
	assert_ptr_equal(arguments_awaits_value(&command, "--cpu"), &command.options[OPTION_CPU]);
	assert_ptr_equal(arguments_awaits_value(&command, "-Cc"), &command.options[OPTION_CPU]);
	assert_null(arguments_awaits_value(&command, "--cpu=1"));
	assert_null(arguments_awaits_value(&command, "-c1"));
	assert_null(arguments_awaits_value(&command, "--count"));
	assert_null(arguments_awaits_value(&command, "--bogus"));
	assert_null(arguments_awaits_value(&command, "dentry"));
}

static int set_up(void **state)
{
	(void)state;
	assert_null(arena_new(&call.arena));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_free(call.arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_rest_takes_all_words),
		cmocka_unit_test(test_long_options),
		cmocka_unit_test(test_letters),
		cmocka_unit_test(test_double_dash_ends_options),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_addresses_wait_for_the_target),
		cmocka_unit_test(test_common_options),
		cmocka_unit_test(test_awaiting_options),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
