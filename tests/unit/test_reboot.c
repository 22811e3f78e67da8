/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "trace/reboot.h"

/* A kernel whose ticks are a number. */
struct ticks {
	struct peek peek; /* first */
	uint64_t now;
	enum dill_error_code failure;
	bool fails;
};

static struct dill_error *read_ticks(struct peek *peek, dill_virt address, void *buffer,
				     size_t length)
{
	struct ticks *ticks = (struct ticks *)peek;

	(void)address;
	assert_int_equal(length, sizeof(ticks->now));
	if (ticks->fails)
		return dill_error_new(ticks->failure, "no");
	memcpy(buffer, &ticks->now, length);
	return NULL;
}

static void expect(struct boot_clock *clock, struct ticks *ticks, bool expected)
{
	bool again = !expected;

	assert_null(boot_clock_check(clock, &ticks->peek, &again));
	assert_int_equal(again, expected);
}

static void test_ticks(void **state)
{
	struct ticks ticks = {.peek.read = read_ticks, .now = UINT64_C(0x100000005)};
	struct boot_clock clock = {.address = 1, .last = UINT64_C(0xfffffff0)};

	(void)state;
	expect(&clock, &ticks, false);
	expect(&clock, &ticks, false); /* an idle kernel's stand still */
	ticks.now++;
	expect(&clock, &ticks, false);
	ticks.now = UINT64_C(0xffff8ad0); /* -300 s, as they begin */
	expect(&clock, &ticks, true);
	expect(&clock, &ticks, false); /* told once */
}

static void test_unreadable(void **state)
{
	struct ticks ticks = {.peek.read = read_ticks, .fails = true, .failure = DILL_ERROR_FAULT};
	struct boot_clock clock = {.address = 1};
	struct dill_error *error;
	bool again;

	(void)state;
	expect(&clock, &ticks, true);
	ticks.failure = DILL_ERROR_PROTOCOL; /* nobody there to ask: not an answer */
	error = boot_clock_check(&clock, &ticks.peek, &again);
	assert_non_null(error);
	dill_error_free(error);
	assert_false(again);
	clock.address = 0;
	expect(&clock, &ticks, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ticks),
		cmocka_unit_test(test_unreadable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
