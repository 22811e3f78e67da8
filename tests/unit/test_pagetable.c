/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arch/x86_64.h"
#include "fake_target.h"
#include "kernel/pagetable.h"

#define MIB	  (UINT64_C(1) << 20)
#define GIB	  (UINT64_C(1) << 30)
#define ROOT	  0x1000
#define TEXT	  UINT64_C(0xffffffff81000000)
#define DIRECT_4  UINT64_C(0xffff888000000000)
#define DIRECT_5  UINT64_C(0xff11000000000000)
#define VMALLOC_4 UINT64_C(0xffffc90000000000)

struct world {
	struct fake_target target;
	struct fake_tables made;
	struct pagetable tables;
	unsigned reads;
};

static struct dill_error *read_table(void *context, dill_phys table, const uint8_t **ret)
{
	struct world *world = context;

	world->reads++;
	if (table + DILL_PAGE_SIZE > world->target.size || table > world->target.size)
		return dill_error_new_fault(table, "outside of memory");
	*ret = world->target.bytes + table;
	return NULL;
}

static void world_init(struct world *world, unsigned levels)
{
	memset(world, 0, sizeof(*world));
	fake_target_init(&world->target, DILL_SPACE_PHYSICAL, 0, 128 * DILL_PAGE_SIZE);
	fake_tables_init(&world->made, &world->target, levels, ROOT, ROOT + DILL_PAGE_SIZE);
	world->tables = (struct pagetable){
		.root = ROOT,
		.paging = x86_64_paging(levels),
		.read = read_table,
		.context = world,
	};
}

static void assert_fault(struct world *world, uint64_t address)
{
	struct mapping mapping;
	struct dill_error *error = pagetable_walk(&world->tables, address, &mapping);

	assert_non_null(error);
	assert_int_equal(dill_error_code(error), DILL_ERROR_FAULT);
	dill_error_free(error);
}

static void assert_maps(struct world *world, uint64_t address, uint64_t phys, uint64_t size)
{
	struct mapping mapping;

	assert_null(pagetable_walk(&world->tables, address, &mapping));
	assert_int_equal(mapping.phys, phys);
	assert_int_equal(mapping.size, size);
}

static void test_page_sizes(void **state)
{
	(void)state;
	for (unsigned levels = 4; levels <= 5; levels++) {
		uint64_t direct = levels == 4 ? DIRECT_4 : DIRECT_5;
		struct world world;

		world_init(&world, levels);
		fake_tables_map(&world.made, direct, 5 * GIB, 3, 0);
		fake_tables_map(&world.made, TEXT, 34 * MIB, 2, 0);
		fake_tables_map(&world.made, TEXT + 2 * MIB, 0x7000, 1, 0);
		assert_maps(&world, direct + 0x123456, 5 * GIB + 0x123456, GIB);
		assert_maps(&world, TEXT + 0x1fffff, 34 * MIB + 0x1fffff, 2 * MIB);
		assert_maps(&world, TEXT + 2 * MIB + 0xabc, 0x7abc, 4096);
		assert_fault(&world, TEXT + 2 * MIB + 0x1000);
		assert_fault(&world, TEXT - 1);
		assert_fault(&world, direct - 1);
		assert_fault(&world, 0);
		fake_target_deinit(&world.target);
	}
}

static bool is_canonical(uint64_t address, unsigned levels)
{
	const struct paging paging = x86_64_paging(levels);

	return paging_canonical(&paging, address);
}

static void test_canonical(void **state)
{
	struct world world;

	(void)state;
	assert_true(is_canonical(0x00007fffffffffff, 4));
	assert_false(is_canonical(0x0000800000000000, 4));
	assert_true(is_canonical(0xffff800000000000, 4));
	assert_false(is_canonical(0xffff7fffffffffff, 4));
	assert_true(is_canonical(0x0000800000000000, 5));
	assert_true(is_canonical(0xff00000000000000, 5));
	assert_false(is_canonical(0xfe00000000000000, 5));
	world_init(&world, 4);
	assert_fault(&world, DIRECT_5);
	assert_int_equal(world.reads, 0);
	fake_target_deinit(&world.target);
}

static void test_permissions(void **state)
{
	struct world world;
	struct mapping mapping;
	uint64_t above;

	(void)state;
	world_init(&world, 4);
	fake_tables_map(&world.made, TEXT, 2 * MIB, 2, FAKE_WRITABLE | FAKE_USER);
	assert_null(pagetable_walk(&world.tables, TEXT, &mapping));
	assert_true(mapping.writable && mapping.user && mapping.executable);

	/* Each level can only take away. */
	above = fake_tables_entry(&world.made, TEXT, 3);
	fake_target_set_u64(&world.target, above,
			    (fake_target_u64(&world.target, above) & ~FAKE_WRITABLE) |
				    FAKE_NO_EXECUTE);
	assert_null(pagetable_walk(&world.tables, TEXT, &mapping));
	assert_false(mapping.writable);
	assert_false(mapping.executable);
	assert_true(mapping.user);
	fake_target_deinit(&world.target);
}

/* Bit 12 of a large page's entry is the PAT bit, no address; the upper bits are flags too. */
static void test_flags_in_large_entry(void **state)
{
	struct world world;

	(void)state;
	world_init(&world, 4);
	fake_tables_map(&world.made, TEXT, 4 * MIB | 0x1000 | UINT64_C(0x7ff) << 52, 2, 0);
	assert_maps(&world, TEXT + 5, 4 * MIB + 5, 2 * MIB);
	fake_target_deinit(&world.target);
}

static void test_unreadable_table(void **state)
{
	struct world world;

	(void)state;
	world_init(&world, 4);
	fake_tables_map(&world.made, TEXT, 2 * MIB, 2, 0);
	fake_target_set_u64(&world.target, fake_tables_entry(&world.made, TEXT, 3),
			    UINT64_C(0x000ffffffffff007));
	assert_fault(&world, TEXT);
	/* A large page where none can be. */
	fake_target_set_u64(&world.target, fake_tables_entry(&world.made, TEXT, 4), 0x2087);
	assert_fault(&world, TEXT);
	fake_target_deinit(&world.target);
}

struct runs {
	struct mapping_run items[16];
	size_t count;
};

static struct dill_error *collect(void *context, const struct mapping_run *run)
{
	struct runs *runs = context;

	if (runs->count < 16)
		runs->items[runs->count] = *run;
	runs->count++;
	return NULL;
}

static void assert_run(const struct mapping_run *run, uint64_t first, uint64_t size, uint64_t phys,
		       bool writable, bool executable)
{
	assert_int_equal(run->first, first);
	assert_int_equal(run->size, size);
	assert_int_equal(run->phys, phys);
	assert_int_equal(run->writable, writable);
	assert_int_equal(run->executable, executable);
}

static void test_runs(void **state)
{
	struct world world;
	struct runs runs = {0};

	(void)state;
	world_init(&world, 4);
	/* Two large pages and a small one of one permission, then others, a hole, and a jump. */
	fake_tables_map(&world.made, TEXT, 16 * MIB, 2, 0);
	fake_tables_map(&world.made, TEXT + 2 * MIB, 18 * MIB, 2, 0);
	fake_tables_map(&world.made, TEXT + 4 * MIB, 20 * MIB, 1, 0);
	fake_tables_map(&world.made, TEXT + 4 * MIB + 0x1000, 20 * MIB + 0x1000, 1,
			FAKE_NO_EXECUTE);
	fake_tables_map(&world.made, TEXT + 4 * MIB + 0x3000, 20 * MIB + 0x3000, 1,
			FAKE_NO_EXECUTE | FAKE_WRITABLE);
	fake_tables_map(&world.made, TEXT + 4 * MIB + 0x4000, 40 * MIB, 1,
			FAKE_NO_EXECUTE | FAKE_WRITABLE);
	assert_null(pagetable_runs(&world.tables, UINT64_C(0xffffffff80000000),
				   UINT64_C(0xffffffffbfffffff), collect, &runs));
	assert_int_equal(runs.count, 4);
	assert_run(&runs.items[0], TEXT, 4 * MIB + 0x1000, 16 * MIB, false, true);
	assert_run(&runs.items[1], TEXT + 4 * MIB + 0x1000, 0x1000, 20 * MIB + 0x1000, false,
		   false);
	assert_run(&runs.items[2], TEXT + 4 * MIB + 0x3000, 0x1000, 20 * MIB + 0x3000, true, false);
	assert_run(&runs.items[3], TEXT + 4 * MIB + 0x4000, 0x1000, 40 * MIB, true, false);
	fake_target_deinit(&world.target);
}

static void test_runs_are_cut(void **state)
{
	struct world world;
	struct runs runs = {0};

	(void)state;
	world_init(&world, 5);
	fake_tables_map(&world.made, DIRECT_5, 0, 3, FAKE_WRITABLE);
	fake_tables_map(&world.made, DIRECT_5 + GIB, GIB, 3, FAKE_WRITABLE);
	assert_null(pagetable_runs(&world.tables, DIRECT_5 + 0x5000, DIRECT_5 + GIB + 0x6fff,
				   collect, &runs));
	assert_int_equal(runs.count, 1);
	assert_run(&runs.items[0], DIRECT_5 + 0x5000, GIB + 0x2000, 0x5000, true, true);

	/* To the very last byte of the address space, and the lower half. */
	memset(&runs, 0, sizeof(runs));
	fake_tables_map(&world.made, UINT64_MAX & ~UINT64_C(4095), 0x9000, 1, 0);
	fake_tables_map(&world.made, 0x400000, 0xa000, 1, FAKE_USER);
	assert_null(pagetable_runs(&world.tables, UINT64_MAX - 8191, UINT64_MAX, collect, &runs));
	assert_int_equal(runs.count, 1);
	assert_run(&runs.items[0], UINT64_MAX - 4095, 4096, 0x9000, false, true);
	assert_null(pagetable_runs(&world.tables, 0, GIB, collect, &runs));
	assert_int_equal(runs.count, 2);
	assert_true(runs.items[1].user);
	fake_target_deinit(&world.target);
}

/* A table that contains itself: the walk is as deep as there are levels, and ends. */
static void test_self_map(void **state)
{
	struct world world;
	struct runs runs = {0};
	struct dill_error *error;

	(void)state;
	world_init(&world, 4);
	for (unsigned i = 0; i < 512; i++)
		fake_target_set_u64(&world.target, ROOT + i * 8, ROOT | 3);
	assert_maps(&world, VMALLOC_4 + 0x10, ROOT + 0x10, 4096);
	error = pagetable_runs(&world.tables, UINT64_C(0xffff800000000000), UINT64_MAX, collect,
			       &runs);
	assert_non_null(error);
	assert_int_equal(dill_error_code(error), DILL_ERROR_LIMIT);
	dill_error_free(error);
	assert_in_range(world.reads, 1, PAGETABLE_TABLES_MAX + 8);
	/* The kernel's window alone has no more than its own tables. */
	world.reads = 0;
	assert_null(pagetable_runs(&world.tables, UINT64_C(0xffffffff80000000),
				   UINT64_C(0xffffffffbfffffff), collect, &runs));
	assert_in_range(world.reads, 1, 3 + 512);
	fake_target_deinit(&world.target);
}

static void test_bad_range(void **state)
{
	static const uint64_t ranges[][2] = {
		{TEXT, TEXT - 1},
		{0, UINT64_MAX},
		{DIRECT_5, DIRECT_5 + 1},
	};
	struct world world;
	struct runs runs = {0};

	(void)state;
	world_init(&world, 4);
	for (size_t i = 0; i < 3; i++) {
		struct dill_error *error =
			pagetable_runs(&world.tables, ranges[i][0], ranges[i][1], collect, &runs);

		assert_non_null(error);
		assert_int_equal(dill_error_code(error), DILL_ERROR_INVALID_ARGUMENT);
		dill_error_free(error);
	}
	fake_target_deinit(&world.target);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_page_sizes),
		cmocka_unit_test(test_canonical),
		cmocka_unit_test(test_permissions),
		cmocka_unit_test(test_flags_in_large_entry),
		cmocka_unit_test(test_unreadable_table),
		cmocka_unit_test(test_runs),
		cmocka_unit_test(test_runs_are_cut),
		cmocka_unit_test(test_self_map),
		cmocka_unit_test(test_bad_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
