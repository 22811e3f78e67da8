/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "trace_damage.h"

#define RUNS 1500

static char path[] = "/tmp/dill-damage-XXXXXX";
static uint8_t *sound, *copy;
static size_t size;
static uint64_t dice = 1;

static int make(void **state)
{
	(void)state;
	close(mkstemp(path));
	sound = trace_damage_make(path, &size);
	copy = malloc(size);
	return copy ? 0 : -1;
}

static int clean(void **state)
{
	(void)state;
	unlink(path);
	free(sound);
	free(copy);
	return 0;
}

static size_t roll(size_t sides)
{
	dice = dice * 6364136223846793005u + 1442695040888963407u;
	return (size_t)(dice >> 33) % sides;
}

static void test_the_sound_file_is_answered(void **state)
{
	(void)state;
	assert_true(trace_damage_read(path, (struct span){sound, size}));
}

static void test_truncated_files(void **state)
{
	(void)state;
	for (size_t left = 0; left < size; left += 1 + roll(size / 200))
		assert_false(trace_damage_read(path, (struct span){sound, left}));
}

static void test_flipped_bits(void **state)
{
	size_t answered = 0;

	(void)state;
	for (int run = 0; run < RUNS; run++) {
		memcpy(copy, sound, size);
		for (size_t flips = 1 + roll(8); flips; flips--)
			copy[roll(size)] ^= (uint8_t)(1 << roll(8));
		answered += trace_damage_read(path, (struct span){copy, size});
	}
	/* Much of a file is unused: some must be read, some must not. */
	assert_in_range(answered, RUNS / 20, RUNS - RUNS / 20);
}

/* Whole pages in the places of others: pointers between pages turn in circles. */
static void test_no_crash_with_swapped_pages(void **state)
{
	const size_t page = 8192;

	(void)state;
	assert_int_equal(size % page, 0);
	for (int run = 0; run < RUNS / 5; run++) {
		memcpy(copy, sound, size);
		memcpy(copy + page * (1 + roll(size / page - 1)),
		       sound + page * (1 + roll(size / page - 1)), page);
		trace_damage_read(path, (struct span){copy, size});
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_sound_file_is_answered),
		cmocka_unit_test(test_truncated_files),
		cmocka_unit_test(test_flipped_bits),
		cmocka_unit_test(test_no_crash_with_swapped_pages),
	};

	return cmocka_run_group_tests(tests, make, clean);
}
