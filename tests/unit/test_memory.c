/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "target/page_cache.h"
#include "target/target.h"

/* A target whose byte at address a is fill(a); one range of it cannot be read. */
struct fake {
	uint64_t generation;
	uint64_t hole_start, hole_end;
	unsigned calls, pages, begins, ends, closes;
	bool fail, interrupted;
};

static uint8_t fill(uint64_t address)
{
	return (uint8_t)(address * 7 + (address >> 12) * 13);
}

static struct dill_error *fake_begin(void *context)
{
	struct fake *fake = context;

	fake->begins++;
	return NULL;
}

static struct dill_error *fake_end(void *context)
{
	struct fake *fake = context;

	fake->ends++;
	return NULL;
}

static unsigned fake_spaces(void *context)
{
	(void)context;
	return DILL_SPACE_PHYSICAL;
}

static struct dill_error *fake_read(void *context, enum dill_space space,
				    struct dill_page_request *requests, size_t count)
{
	struct fake *fake = context;

	(void)space;
	fake->calls++;
	fake->pages += (unsigned)count;
	if (fake->fail)
		return dill_error_new(DILL_ERROR_PROTOCOL, "broken");
	for (size_t i = 0; i < count; i++) {
		uint64_t address = requests[i].address;

		assert_int_equal(address % DILL_PAGE_SIZE, 0);
		assert_false(requests[i].done);
		for (size_t j = 0; j < i; j++)
			assert_true(count > 100 || requests[j].address != address);
		if (address >= fake->hole_start && address < fake->hole_end)
			continue;
		for (size_t j = 0; j < DILL_PAGE_SIZE; j++)
			requests[i].buffer[j] = fill(address + j);
		requests[i].done = true;
	}
	return NULL;
}

static uint64_t fake_generation(void *context)
{
	const struct fake *fake = context;

	return fake->generation;
}

static void fake_close(void *context)
{
	struct fake *fake = context;

	fake->closes++;
}

static bool fake_interrupted(void *context)
{
	const struct fake *fake = context;

	return fake->interrupted;
}

static const struct dill_target_ops fake_ops = {
	.name = "fake",
	.begin = fake_begin,
	.end = fake_end,
	.spaces = fake_spaces,
	.read_pages = fake_read,
	.generation = fake_generation,
	.close = fake_close,
};

static struct target *begin(struct fake *fake)
{
	struct dill_host host = {.interrupted = fake_interrupted, .context = fake};
	struct target *target = NULL;

	assert_null(target_new(&fake_ops, fake, &host, &target));
	assert_int_equal(target_epoch(target), 0);
	assert_null(target_begin(target));
	return target;
}

static void end(struct target *target)
{
	assert_null(target_end(target));
	target_free(target);
}

static void check(const uint8_t *bytes, uint64_t address, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (bytes[i] != fill(address + i))
			fail_msg("byte %zu of 0x%llx", i, (unsigned long long)address);
}

static void expect_fault(struct dill_error *error, uint64_t address)
{
	assert_non_null(error);
	assert_int_equal(dill_error_code(error), DILL_ERROR_FAULT);
	assert_int_equal(dill_error_address(error), address);
	dill_error_free(error);
}

static void test_small_reads_share_a_page(void **state)
{
	(void)state;
	struct fake fake = {0};
	struct target *target = begin(&fake);
	uint8_t bytes[64];

	for (uint64_t address = 0x5000; address < 0x5fc0; address += 64) {
		assert_null(target_read(target, DILL_SPACE_PHYSICAL, address, bytes, 64));
		check(bytes, address, 64);
	}
	assert_int_equal(fake.calls, 1);
	assert_null(target_read(target, DILL_SPACE_PHYSICAL, 0x5000, bytes, 0));
	/* The same address in the other space is another page. */
	assert_null(target_read(target, DILL_SPACE_VIRTUAL, 0x5000, bytes, 1));
	assert_int_equal(fake.calls, 2);
	end(target);
	assert_int_equal(fake.begins, 1);
	assert_int_equal(fake.ends, 1);
	assert_int_equal(fake.closes, 1);
}

static void test_a_long_read_is_one_call(void **state)
{
	(void)state;
	struct fake fake = {0};
	struct target *target = begin(&fake);
	uint8_t *bytes = malloc(40 * DILL_PAGE_SIZE);

	assert_null(target_read(target, DILL_SPACE_PHYSICAL, 0x1003, bytes, 39 * DILL_PAGE_SIZE));
	check(bytes, 0x1003, 39 * DILL_PAGE_SIZE);
	assert_int_equal(fake.calls, 1);
	assert_int_equal(fake.pages, 40);
	free(bytes);
	end(target);
}

static void test_prefetch(void **state)
{
	(void)state;
	struct fake fake = {.hole_start = 0x9000, .hole_end = 0xa000};
	struct target *target = begin(&fake);
	const uint64_t addresses[] = {0x3001, 0x3fff, 0x9000, 0x3000, 0x7123, ~0ull};
	uint8_t byte;

	assert_null(target_prefetch(target, DILL_SPACE_PHYSICAL, addresses, 6));
	assert_int_equal(fake.calls, 1);
	assert_int_equal(fake.pages, 4);
	assert_null(target_read(target, DILL_SPACE_PHYSICAL, 0x7fff, &byte, 1));
	assert_null(target_read(target, DILL_SPACE_PHYSICAL, ~0ull, &byte, 1));
	/* Unreadable pages are not asked for again. */
	expect_fault(target_read(target, DILL_SPACE_PHYSICAL, 0x9010, &byte, 1), 0x9010);
	assert_int_equal(fake.calls, 1);
	end(target);
}

static void test_faults_name_the_first_bad_address(void **state)
{
	(void)state;
	struct fake fake = {.hole_start = 0x9000, .hole_end = 0xb000};
	struct target *target = begin(&fake);
	uint8_t bytes[5 * DILL_PAGE_SIZE];
	const uint8_t *page = NULL;

	for (int round = 0; round < 2; round++) {
		expect_fault(target_read(target, DILL_SPACE_PHYSICAL, 0x8123, bytes, 0x4000),
			     0x9000);
		expect_fault(
			target_read_uncached(target, DILL_SPACE_PHYSICAL, 0x7123, bytes, 0x4000),
			0x9000);
	}
	expect_fault(target_page(target, DILL_SPACE_PHYSICAL, 0xa000, &page), 0xa000);
	expect_fault(target_read(target, DILL_SPACE_PHYSICAL, ~0ull, bytes, 2), ~0ull);
	expect_fault(target_read_uncached(target, DILL_SPACE_PHYSICAL, ~0ull, bytes, 2), ~0ull);
	assert_null(page);
	end(target);
}

static void test_uncached_reads_leave_no_trace(void **state)
{
	(void)state;
	struct fake fake = {0};
	struct target *target = begin(&fake);
	uint8_t *bytes = malloc(2000 * DILL_PAGE_SIZE);

	assert_null(target_read(target, DILL_SPACE_PHYSICAL, 0x3000, bytes, 8));
	fake.pages = 0;
	for (int round = 1; round <= 2; round++) {
		assert_null(
			target_read_uncached(target, DILL_SPACE_PHYSICAL, 0x2801, bytes, 0x2000));
		check(bytes, 0x2801, 0x2000);
		assert_int_equal(fake.pages, 2 * round); /* one of three is in the cache */
	}
	assert_null(target_read_uncached(target, DILL_SPACE_PHYSICAL, 0x10010, bytes,
					 1999 * DILL_PAGE_SIZE));
	check(bytes, 0x10010, 1999 * DILL_PAGE_SIZE);
	assert_null(target_read_uncached(target, DILL_SPACE_PHYSICAL, 0x10010, bytes, 5));
	check(bytes, 0x10010, 5);
	free(bytes);
	end(target);
}

static void test_cache_lives_until_the_target_ran(void **state)
{
	(void)state;
	struct fake fake = {.generation = 5};
	struct target *target = begin(&fake);
	uint8_t byte;

	assert_int_equal(target_epoch(target), 1);
	assert_null(target_read(target, DILL_SPACE_PHYSICAL, 0x3000, &byte, 1));
	assert_null(target_end(target));
	assert_null(target_begin(target));
	assert_null(target_read(target, DILL_SPACE_PHYSICAL, 0x3000, &byte, 1));
	assert_int_equal(fake.calls, 1);
	assert_int_equal(target_epoch(target), 1);
	assert_null(target_end(target));
	fake.generation++;
	assert_null(target_begin(target));
	assert_int_equal(target_epoch(target), 2);
	assert_null(target_read(target, DILL_SPACE_PHYSICAL, 0x3000, &byte, 1));
	assert_int_equal(fake.calls, 2);
	end(target);
}

static void test_cache_is_bounded(void **state)
{
	(void)state;
	struct fake fake = {0};
	struct target *target = begin(&fake);
	uint64_t bytes = 64ull << 20;
	uint8_t byte;

	for (uint64_t address = 0; address < bytes; address += DILL_PAGE_SIZE) {
		assert_null(target_read(target, DILL_SPACE_PHYSICAL, address + 1, &byte, 1));
		assert_int_equal(byte, fill(address + 1));
	}
	assert_int_equal(fake.calls, bytes / DILL_PAGE_SIZE);
	assert_null(target_read(target, DILL_SPACE_PHYSICAL, bytes - 1, &byte, 1));
	assert_int_equal(fake.calls, bytes / DILL_PAGE_SIZE); /* the newest is there */
	assert_null(target_read(target, DILL_SPACE_PHYSICAL, 0, &byte, 1));
	assert_int_equal(fake.calls, bytes / DILL_PAGE_SIZE + 1); /* the oldest made room */
	end(target);
}

static void test_failures_leave_a_usable_cache(void **state)
{
	(void)state;
	struct fake fake = {0};
	struct target *target = begin(&fake);
	uint8_t bytes[3 * DILL_PAGE_SIZE];

	fake.fail = true;
	struct dill_error *error =
		target_read(target, DILL_SPACE_PHYSICAL, 0x3000, bytes, sizeof(bytes));

	assert_int_equal(dill_error_code(error), DILL_ERROR_PROTOCOL);
	dill_error_free(error);
	fake.fail = false;
	fake.interrupted = true;
	error = target_read(target, DILL_SPACE_PHYSICAL, 0x3000, bytes, sizeof(bytes));
	assert_int_equal(dill_error_code(error), DILL_ERROR_INTERRUPTED);
	fake.interrupted = false;
	assert_null(target_read(target, DILL_SPACE_PHYSICAL, 0x3000, bytes, sizeof(bytes)));
	check(bytes, 0x3000, sizeof(bytes));
	end(target);
}

static void test_small_cache_evicts_in_order(void **state)
{
	(void)state;
	struct page_cache *cache = NULL;
	struct cached_page *page = NULL;

	assert_null(page_cache_new(3, &cache));
	for (uint64_t i = 0; i < 100; i++) {
		assert_null(page_cache_find(cache, DILL_SPACE_PHYSICAL, i << 12));
		assert_null(page_cache_add(cache, DILL_SPACE_PHYSICAL, i << 12, &page));
		assert_int_equal(page->state, PAGE_WANTED);
		memset(page->data, (int)i, DILL_PAGE_SIZE);
		for (uint64_t j = 0; j <= i; j++) {
			page = page_cache_find(cache, DILL_SPACE_PHYSICAL, j << 12);
			assert_int_equal(page != NULL, i - j < 3);
			if (page)
				assert_int_equal(page->data[17], j);
		}
	}
	page_cache_clear(cache);
	assert_null(page_cache_find(cache, DILL_SPACE_PHYSICAL, 99 << 12));
	assert_null(page_cache_add(cache, DILL_SPACE_PHYSICAL, 99 << 12, &page));
	page_cache_free(cache);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_small_reads_share_a_page),
		cmocka_unit_test(test_a_long_read_is_one_call),
		cmocka_unit_test(test_prefetch),
		cmocka_unit_test(test_faults_name_the_first_bad_address),
		cmocka_unit_test(test_uncached_reads_leave_no_trace),
		cmocka_unit_test(test_cache_lives_until_the_target_ran),
		cmocka_unit_test(test_cache_is_bounded),
		cmocka_unit_test(test_failures_leave_a_usable_cache),
		cmocka_unit_test(test_small_cache_evicts_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
