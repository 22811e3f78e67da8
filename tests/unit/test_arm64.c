/* SPDX-License-Identifier: MIT */
/* arm64's page tables, forged, with pages of each size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/pagetable.h"

#define SIZE  (1u << 20)
#define ROOT  UINT64_C(0x40000)
#define WIDE  (UINT64_C(1) << 59) /* TCR_EL1.DS */
#define PAGES (UINT64_C(1) << 53) /* PXN */

struct world {
	uint8_t *bytes;
	struct pagetable tables;
	dill_phys next;
};

static struct dill_error *read_part(void *context, dill_phys part, const uint8_t **ret)
{
	struct world *world = context;

	if (part > SIZE - DILL_PAGE_SIZE || part % DILL_PAGE_SIZE)
		return dill_error_new_fault(part, "outside of memory");
	*ret = world->bytes + part;
	return NULL;
}

static struct dill_registers registers_of(unsigned half_bits, unsigned granule, uint64_t more)
{
	return (struct dill_registers){
		.tables = ROOT | UINT64_C(0x17) << 48 | 1, /* with an ASID and CnP */
		.paging = (uint64_t)(64 - half_bits) << 16 | (uint64_t)granule << 30 | more,
		.has_control = true,
	};
}

static void world_init(struct world *world, unsigned half_bits, unsigned granule, uint64_t more)
{
	const struct dill_registers registers = registers_of(half_bits, granule, more);
	struct arch_roots roots;

	assert_null(arch_arm64.roots(&registers, 0, &roots));
	assert_int_equal(roots.roots[0], ROOT);
	assert_int_equal(roots.roots[1], ROOT + (UINT64_C(2) << roots.paging.page_shift));
	*world = (struct world){
		.bytes = calloc(1, SIZE),
		.tables = {.root = ROOT, .paging = roots.paging, .read = read_part},
		.next = ROOT + (UINT64_C(1) << roots.paging.page_shift),
	};
	world->tables.context = world;
	assert_non_null(world->bytes);
}

static void put(struct world *world, dill_phys table, unsigned index, uint64_t word)
{
	memcpy(world->bytes + table + index * sizeof(word), &word, sizeof(word));
}

/* Map a page or block at @p level by @p word. */
static void map(struct world *world, dill_virt address, unsigned level, uint64_t word)
{
	const struct paging *paging = &world->tables.paging;
	dill_phys table = ROOT;

	for (unsigned at = paging->levels; at > level; at--) {
		uint8_t *place = world->bytes + table + paging_index(paging, address, at) * 8;
		uint64_t entry;

		memcpy(&entry, place, sizeof(entry));
		if (!entry) {
			entry = world->next | 3;
			memcpy(place, &entry, sizeof(entry));
			world->next += UINT64_C(1) << paging->page_shift;
		}
		table = entry & ~UINT64_C(0xfff);
	}
	put(world, table, paging_index(paging, address, level), word);
}

static void assert_maps(struct world *world, dill_virt address, dill_phys phys, uint64_t size)
{
	struct mapping mapping;

	assert_null(pagetable_walk(&world->tables, address, &mapping));
	assert_int_equal(mapping.phys, phys);
	assert_int_equal(mapping.size, size);
}

static void assert_fault(struct world *world, dill_virt address)
{
	struct mapping mapping;
	struct dill_error *error = pagetable_walk(&world->tables, address, &mapping);

	assert_int_equal(dill_error_code(error), DILL_ERROR_FAULT);
	dill_error_free(error);
}

static void test_forms(void **state)
{
	/* Bits of an address, TG1, further bits of TCR_EL1; levels, pages. Those that were seen in
	 * guests, and what phones and servers have. */
	static const struct {
		unsigned half_bits, granule;
		uint64_t more;
		unsigned levels, page_shift;
	} forms[] = {
		{48, 2, 0, 4, 12}, {52, 2, WIDE, 5, 12}, {39, 2, 0, 3, 12},
		{47, 1, 0, 3, 14}, {52, 1, WIDE, 4, 14}, {36, 1, 0, 2, 14},
		{48, 3, 0, 3, 16}, {52, 3, 0, 3, 16},	 {42, 3, 0, 2, 16},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		dill_virt upper = -(UINT64_C(1) << forms[i].half_bits);
		struct world world;

		world_init(&world, forms[i].half_bits, forms[i].granule, forms[i].more);
		assert_int_equal(world.tables.paging.levels, forms[i].levels);
		assert_int_equal(world.tables.paging.page_shift, forms[i].page_shift);
		/* The first page of the upper half, and its last. */
		map(&world, upper, 1, 0x80000 | PAGES | 3);
		map(&world, UINT64_MAX, 1, 0x90000 | 3);
		assert_maps(&world, upper + 0xabc, 0x80abc, UINT64_C(1) << forms[i].page_shift);
		assert_maps(&world, UINT64_MAX, 0x90000 + (UINT64_C(1) << forms[i].page_shift) - 1,
			    UINT64_C(1) << forms[i].page_shift);
		assert_fault(&world, upper - 1); /* no address */
		assert_fault(&world, 0x1000);	 /* others' tables */
		free(world.bytes);
	}
}

static void test_impossible(void **state)
{
	const struct dill_registers none = registers_of(48, 0, 0), small = registers_of(20, 2, 0);
	struct arch_roots roots;
	struct dill_error *error;
	struct world world;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		error = arch_arm64.roots(i ? &none : &small, 3, &roots);
		assert_int_equal(dill_error_code(error), DILL_ERROR_NOT_FOUND);
		dill_error_free(error);
	}
	world_init(&world, 48, 2, 0);
	map(&world, 0xffff800000000000, 1, 0x80001); /* a block among pages */
	assert_fault(&world, 0xffff800000000000);
	map(&world, 0xffff900000000000, 4, 0x80001); /* one of 512 GiB */
	assert_fault(&world, 0xffff900000000000);
	free(world.bytes);
}

static void test_blocks_and_permissions(void **state)
{
	struct world world;
	struct mapping mapping;

	(void)state;
	world_init(&world, 48, 2, 0);
	map(&world, 0xffff800000000000, 2, 0x40200000 | 1 << 7 | 1);
	assert_maps(&world, 0xffff800000123456, 0x40323456, 2 << 20);
	assert_null(pagetable_walk(&world.tables, 0xffff800000000000, &mapping));
	assert_true(mapping.executable && !mapping.writable && !mapping.user);
	/* Read-only, but who writes is noted: writable. */
	map(&world, 0xffff800000200000, 1, 0x81000 | UINT64_C(1) << 51 | PAGES | 1 << 7 | 3);
	assert_null(pagetable_walk(&world.tables, 0xffff800000200000, &mapping));
	assert_true(!mapping.executable && mapping.writable && !mapping.user);
	map(&world, 0xffff800000201000, 1, 0x82000 | 1 << 6 | 3);
	assert_null(pagetable_walk(&world.tables, 0xffff800000201000, &mapping));
	assert_true(mapping.user);
	free(world.bytes);
}

/* Physical addresses of 52 bits, whose upper ones lie elsewhere. */
static void test_wide(void **state)
{
	struct world world;

	(void)state;
	world_init(&world, 52, 2, WIDE);
	map(&world, 0xfff0000000000000, 1, UINT64_C(0x3000000012000) | 2 << 8 | 3);
	assert_maps(&world, 0xfff0000000000000, UINT64_C(0xb000000012000), 4096);
	free(world.bytes);
	world_init(&world, 48, 3, 0);
	map(&world, 0xffff000000000000, 1, 0x20000 | 0xd << 12 | 3);
	assert_maps(&world, 0xffff000000000000, UINT64_C(0xd000000020000), 65536);
	free(world.bytes);
}

struct runs {
	struct mapping_run items[4];
	size_t count;
};

static struct dill_error *collect(void *context, const struct mapping_run *run)
{
	struct runs *runs = context;

	if (runs->count < 4)
		runs->items[runs->count] = *run;
	runs->count++;
	return NULL;
}

/* A run of pages whose entries lie in two parts of a table. */
static void test_runs_over_parts(void **state)
{
	const dill_virt first = 0xffffc00000000000 + 511 * 16384;
	struct runs runs = {0};
	struct world world;

	(void)state;
	world_init(&world, 47, 1, 0);
	for (unsigned i = 0; i < 3; i++)
		map(&world, first + i * 16384, 1, (0x40000000 + i * 16384) | 3);
	map(&world, first + 1500 * 16384, 1, 0x50000000 | 3);
	assert_null(pagetable_runs(&world.tables, 0xffffc00000000000, UINT64_MAX, collect, &runs));
	assert_int_equal(runs.count, 2);
	assert_int_equal(runs.items[0].first, first);
	assert_int_equal(runs.items[0].size, 3 * 16384);
	assert_int_equal(runs.items[1].first, first + 1500 * 16384);
	free(world.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_impossible),
		cmocka_unit_test(test_blocks_and_permissions),
		cmocka_unit_test(test_wide),
		cmocka_unit_test(test_runs_over_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
