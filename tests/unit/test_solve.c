/* SPDX-License-Identifier: MIT */
/* The rules that find a layout in what was read of caches and slabs: made-up ones, in a layout that
 * no kernel has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/state.h"
#include "solve/kmalloc_name.h"
#include "solve/solver.h"

/* Offsets in the made-up struct kmem_cache. */
enum {
	AT_FLAGS = 8,
	AT_MIN_PARTIAL = 16,
	AT_SIZE = 0x20,
	AT_OBJECT_SIZE = 0x28,
	AT_OO = 0x2c,
	AT_MIN = 0x34,
	AT_REFCOUNT = 0x3c,
	AT_INUSE = 0x40,
	AT_ALIGN = 0x44,
	AT_PAD = 0x48,
	AT_LIST = 0x60,
	AT_USEROFFSET = 0x70,
	AT_USERSIZE = 0x74,
	AT_SPARE = 0x78, /* zeros, which a test fills */
	STRUCT_SIZE = 0x90,
};

#define CACHES	 40u
#define ALIGNED	 0x2000u
#define RED_ZONE 0x400u

struct world {
	struct kernel kernel;
	struct solution solution;
	struct solver solver;
};

static uint8_t *place(struct solve_cache *cache, int offset)
{
	return cache->bytes + CACHE_BEFORE - AT_LIST + offset;
}

static void put(struct solve_cache *cache, int offset, uint32_t value)
{
	memcpy(place(cache, offset), &value, sizeof(value));
}

/* Every third one is named like kmalloc's, and gives what its name says. */
static void fill(struct solve_cache *cache, unsigned i)
{
	uint32_t object_size = i % 3 ? 20 + i * 12 : 8u << (i / 3 % 8), align = i % 2 ? 8 : 64;
	uint32_t size = (object_size + align - 1) & ~(align - 1), order = size > 400;
	uint64_t min_partial = 5;

	*cache = (struct solve_cache){.link = 0xffff888000001000 + i * 0x200};
	if (i % 3 == 0) {
		snprintf(cache->name, sizeof(cache->name), "kmalloc-%u", object_size);
		cache->promised = object_size;
		cache->is_plain = true;
	} else {
		snprintf(cache->name, sizeof(cache->name), "%s",
			 i == 1	  ? "kmem_cache"
			 : i == 2 ? "kmem_cache_node"
				  : "other");
	}
	if (i == 1) {
		object_size = STRUCT_SIZE;
		size = align = 192;
	}
	put(cache, AT_FLAGS,
	    (align == 64 || i == 1 ? ALIGNED : 0) | (cache->is_plain ? 0 : i << 16));
	memcpy(place(cache, AT_MIN_PARTIAL), &min_partial, sizeof(min_partial));
	put(cache, AT_SIZE, size);
	put(cache, AT_OBJECT_SIZE, object_size);
	put(cache, AT_OO, order << 16 | (4096u << order) / size);
	put(cache, AT_MIN, 4096 / size);
	put(cache, AT_REFCOUNT, i == 1 || i == 2 ? UINT32_MAX : 1 + i % 2);
	put(cache, AT_INUSE, (object_size + 7) & ~7u);
	put(cache, AT_ALIGN, i == 1 ? 64 : align);
	put(cache, AT_USERSIZE, cache->is_plain ? object_size : i % 5 ? 0 : 8);
	put(cache, AT_USEROFFSET, !cache->is_plain && i % 5 == 0 ? 4 : 0);
}

static int setup(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	assert_non_null(world);
	world->kernel.map = (struct memory_map){.page_offset = 0xffff888000000000,
						.direct_size = 1 << 28,
						.page_struct_size = 64,
						.page_size = DILL_PAGE_SIZE};
	world->kernel.cpus.node_limit = 2;
	world->solver = (struct solver){
		.kernel = &world->kernel,
		.solution = &world->solution,
		.has_base = true,
		.base = -AT_LIST,
		.end = STRUCT_SIZE - AT_LIST,
	};
	for (unsigned i = 0; i < CACHES; i++) {
		struct solve_cache cache;

		fill(&cache, i);
		assert_null(array_push(&world->solver.caches, cache));
	}
	*state = world;
	return 0;
}

static int teardown(void **state)
{
	struct world *world = *state;

	array_free(&world->solver.caches);
	array_free(&world->solver.slabs);
	free(world);
	return 0;
}

static void assert_found(const struct world *world, const char *id, uint32_t offset)
{
	const struct solved *item = solution_find(&world->solution, id);

	assert_non_null(item);
	assert_true(item->member.present);
	assert_int_equal(item->member.offset, offset);
	assert_int_equal(item->candidates, 1);
}

static void assert_open(const struct world *world, const char *id, unsigned candidates)
{
	const struct solved *item = solution_find(&world->solution, id);

	assert_non_null(item);
	assert_false(item->member.present);
	assert_int_equal(item->candidates, candidates);
}

static void test_votes_decide(void **state)
{
	(void)state;
	assert_true(tally_decides((struct solve_tally){3, 3}));
	assert_false(tally_decides((struct solve_tally){2, 2}));
	assert_true(tally_decides((struct solve_tally){97, 100}));
	assert_false(tally_decides((struct solve_tally){96, 100}));
	assert_false(tally_decides((struct solve_tally){0, 0}));
}

static void test_sizes(void **state)
{
	struct world *world = *state;

	assert_null(rule_sizes(&world->solver));
	assert_found(world, "cache_object_size", AT_OBJECT_SIZE);
	assert_found(world, "cache_size", AT_SIZE);
	assert_found(world, "cache_oo", AT_OO);
	assert_found(world, "cache_min", AT_MIN);
	assert_int_equal(world->solution.cache_struct_size, STRUCT_SIZE);
}

/* Two layouts are as plausible as each other: there are two sizes, each with orders of its own. */
static void test_two_sizes_are_ambiguous(void **state)
{
	struct world *world = *state;
	struct dill_error *error;

	for (unsigned i = 0; i < CACHES; i++) {
		struct solve_cache *cache = &world->solver.caches.items[i];
		uint32_t size;

		memcpy(&size, place(cache, AT_SIZE), sizeof(size));
		put(cache, AT_SPARE, size + 8);
		put(cache, AT_SPARE + 4, 1 << 16 | 8192 / (size + 8));
	}
	error = rule_sizes(&world->solver);
	assert_non_null(error);
	assert_int_equal(dill_error_code(error), DILL_ERROR_UNSUPPORTED);
	assert_non_null(strstr(dill_error_text(error), "2 candidates"));
	dill_error_free(error);
	assert_null(solution_find(&world->solution, "cache_size"));
}

/* A cache that was overwritten does not stop the others; it has no size itself. */
static void test_one_broken_cache_is_outvoted(void **state)
{
	struct world *world = *state;

	memset(world->solver.caches.items[4].bytes, 0xa5,
	       sizeof(world->solver.caches.items[4].bytes));
	assert_null(rule_sizes(&world->solver));
	assert_found(world, "cache_size", AT_SIZE);
}

static void test_columns(void **state)
{
	struct world *world = *state;

	assert_null(rule_sizes(&world->solver));
	assert_null(rule_columns(&world->solver));
	assert_found(world, "cache_flags", AT_FLAGS);
	assert_found(world, "cache_refcount", AT_REFCOUNT);
	assert_found(world, "cache_inuse", AT_INUSE);
	assert_found(world, "cache_align", AT_ALIGN);
	assert_found(world, "cache_min_partial", AT_MIN_PARTIAL);
	assert_found(world, "cache_usersize", AT_USERSIZE);
	assert_found(world, "cache_useroffset", AT_USEROFFSET);
	assert_true(world->solution.no_red_zones);
}

/* A second column that could be it: neither is taken. */
static void test_two_columns_are_ambiguous(void **state)
{
	struct world *world = *state;

	for (unsigned i = 0; i < CACHES; i++)
		put(&world->solver.caches.items[i], AT_SPARE, i == 1 || i == 2 ? UINT32_MAX : 3);
	assert_null(rule_sizes(&world->solver));
	assert_null(rule_columns(&world->solver));
	assert_open(world, "cache_refcount", 2);
	assert_found(world, "cache_align", AT_ALIGN);
}

/* A single cache has a red zone: its flags say which column that is. */
static void test_red_zone_of_one_cache(void **state)
{
	struct world *world = *state;
	struct solve_cache *cache = &world->solver.caches.items[7];
	uint32_t flags;

	memcpy(&flags, place(cache, AT_FLAGS), sizeof(flags));
	put(cache, AT_FLAGS, flags | RED_ZONE);
	memcpy(place(cache, AT_PAD), place(cache, AT_ALIGN), 4);
	assert_null(rule_sizes(&world->solver));
	assert_null(rule_columns(&world->solver));
	assert_false(world->solution.no_red_zones);
	assert_found(world, "cache_red_left_pad", AT_PAD);
}

/* --- slabs --- */

static void add_slab(struct world *world, int node, uint64_t flags)
{
	struct solve_slab slab = {.node = node};

	memcpy(slab.bytes + SLAB_BEFORE, &flags, sizeof(flags));
	assert_null(array_push(&world->solver.slabs, slab));
}

static void test_nodes_of_pages(void **state)
{
	struct world *world = *state;

	for (uint64_t i = 0; i < 8; i++) {
		add_slab(world, (int)(i % 2), i % 2 << 58 | UINT64_C(1) << 55 | i);
		add_slab(world, -1, UINT64_C(1) << 58);
	}
	assert_null(rule_page_nodes(&world->solver));
	assert_found(world, "page_flags", 0);
	assert_int_equal(world->solution.node_bits, 6);
}

/* Nothing but the first node: any zeros would do. */
static void test_nodes_of_pages_are_not_guessed(void **state)
{
	struct world *world = *state;

	for (uint64_t i = 0; i < 8; i++)
		add_slab(world, 0, i);
	assert_null(rule_page_nodes(&world->solver));
	assert_open(world, "page_flags", 0);
	assert_int_equal(world->solution.node_bits, 0);
}

/* A distance that a forged image leads to, outside of what was read. */
static void test_nothing_is_out_of_reach(void **state)
{
	struct solve_cache cache;
	struct solve_slab slab;

	(void)state;
	memset(&cache, 0xff, sizeof(cache));
	memset(&slab, 0xff, sizeof(slab));
	assert_int_equal(cache_u64(&cache, -CACHE_BEFORE), UINT64_MAX);
	assert_int_equal(cache_u64(&cache, -CACHE_BEFORE - 8), 0);
	assert_int_equal(cache_u64(&cache, CACHE_AHEAD - 8), UINT64_MAX);
	assert_int_equal(cache_u64(&cache, CACHE_AHEAD - 4), 0);
	assert_int_equal(cache_u32(&cache, CACHE_AHEAD - 4), UINT32_MAX);
	assert_int_equal(slab_u64(&slab, -SLAB_BEFORE - 1), 0);
	assert_int_equal(slab_u16(&slab, SLAB_AHEAD - 2), UINT16_MAX);
	assert_int_equal(slab_u16(&slab, SLAB_AHEAD), 0);
	assert_int_equal(solver_copied(cache.bytes, 8, INT64_MAX, 8), 0);
}

static void test_names_of_kmalloc(void **state)
{
	(void)state;
	assert_int_equal(kmalloc_name_bytes("kmalloc-64"), 64);
	assert_int_equal(kmalloc_name_bytes("kmalloc-cg-2k"), 2048);
	assert_int_equal(kmalloc_name_bytes("kmalloc-64x"), 0);
	assert_int_equal(kmalloc_name_bytes("kmalloc-"), 0);
	assert_int_equal(kmalloc_name_bytes("kmalloc-99999999999999999999k"), 0);
	assert_int_equal(kmalloc_name_bytes("dentry"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_votes_decide),
		cmocka_unit_test(test_nothing_is_out_of_reach),
		cmocka_unit_test(test_names_of_kmalloc),
		cmocka_unit_test_setup_teardown(test_sizes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_two_sizes_are_ambiguous, setup, teardown),
		cmocka_unit_test_setup_teardown(test_one_broken_cache_is_outvoted, setup, teardown),
		cmocka_unit_test_setup_teardown(test_columns, setup, teardown),
		cmocka_unit_test_setup_teardown(test_two_columns_are_ambiguous, setup, teardown),
		cmocka_unit_test_setup_teardown(test_red_zone_of_one_cache, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nodes_of_pages, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nodes_of_pages_are_not_guessed, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
