/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "slub/page_walk.h"

#define VMEMMAP UINT64_C(0xffffea0000000000)
#define MIB	((uint64_t)1 << 20)

/* A kernel that is its page tables: runs of the array of struct pages, and pages that cannot be
 * read. */
struct kernel {
	struct memory_map map;
	struct mapping_run runs[4];
	size_t run_count;
	bool unpaged;
	dill_virt bad; /* a page; 0 = none */
	uint64_t bytes_read;
};

struct fixture {
	struct kernel kernel;
	struct heap heap;
	struct page_walk walk;
	uint64_t visited;   /* struct pages */
	dill_virt expected; /* of the next visit, 0 = any */
};

const struct memory_map *kernel_memory_map(struct kernel *kernel)
{
	return &kernel->map;
}

struct dill_error *kernel_read_uncached(struct kernel *kernel, dill_virt address, void *buffer,
					size_t length)
{
	(void)buffer;
	if (kernel->bad >= address && kernel->bad < address + length)
		return dill_error_new_fault(kernel->bad, "bad");
	kernel->bytes_read += length;
	return NULL;
}

struct dill_error *kernel_mapped_runs(struct kernel *kernel, dill_virt first, dill_virt last,
				      struct dill_error *(*visit)(void *context,
								  const struct mapping_run *run),
				      void *context)
{
	(void)first, (void)last;
	if (kernel->unpaged)
		return dill_error_new(DILL_ERROR_UNSUPPORTED, "no page tables");
	for (size_t i = 0; i < kernel->run_count; i++)
		TRY(visit(context, &kernel->runs[i]));
	return NULL;
}

static void make(struct fixture *f, uint64_t struct_size, uint64_t pages)
{
	*f = (struct fixture){
		.kernel = {.map = {.vmemmap = VMEMMAP,
				   .page_struct_size = struct_size,
				   .direct_size = pages * DILL_PAGE_SIZE,
				   .page_size = DILL_PAGE_SIZE}},
	};
	f->heap.kernel = &f->kernel;
}

static void add_run(struct fixture *f, uint64_t offset, uint64_t size, dill_phys phys)
{
	f->kernel.runs[f->kernel.run_count++] =
		(struct mapping_run){.first = VMEMMAP + offset, .size = size, .phys = phys};
}

static struct dill_error *visit(void *context, dill_virt address, const uint8_t *bytes, size_t size)
{
	struct fixture *f = context;
	uint64_t step = f->kernel.map.page_struct_size;

	(void)bytes;
	assert_int_equal((address - VMEMMAP) % step, 0);
	assert_int_equal(size % step, 0);
	if (f->expected)
		assert_int_equal(address, f->expected);
	if (f->expected)
		f->expected = address + size;
	f->visited += size / step;
	return NULL;
}

static void walk(struct fixture *f)
{
	assert_null(pages_walk(&f->heap, visit, f, &f->walk));
	assert_int_equal(f->walk.seen, f->visited);
}

static void test_all_once(void **state)
{
	struct fixture f;

	(void)state;
	make(&f, 64, 5 * MIB / 64);
	add_run(&f, 0, 5 * MIB, 0);
	f.expected = VMEMMAP;
	walk(&f);
	assert_int_equal(f.visited, 5 * MIB / 64);
	assert_int_equal(f.kernel.bytes_read, 5 * MIB);
	assert_false(f.walk.unreadable || f.walk.cut);
}

/* Struct pages that lie across the borders of pages and of what is read at a time. */
static void test_odd_size(void **state)
{
	struct fixture f;

	(void)state;
	make(&f, 56, 5 * MIB / 56);
	add_run(&f, 0, 5 * MIB, 0);
	f.expected = VMEMMAP;
	walk(&f);
	assert_int_equal(f.visited, 5 * MIB / 56);
}

static void test_holes(void **state)
{
	struct fixture f;

	(void)state;
	make(&f, 64, UINT64_C(1) << 40);
	add_run(&f, 2 * MIB, MIB, 8 * MIB);
	add_run(&f, UINT64_C(1) << 40, DILL_PAGE_SIZE, 4 * MIB);
	walk(&f);
	assert_int_equal(f.visited, (MIB + DILL_PAGE_SIZE) / 64);
}

static void test_unreadable(void **state)
{
	struct fixture f;

	(void)state;
	make(&f, 64, 2 * MIB / 64);
	add_run(&f, 0, 2 * MIB, 8 * MIB);
	f.kernel.bad = VMEMMAP + 5 * DILL_PAGE_SIZE;
	walk(&f);
	assert_int_equal(f.walk.unreadable, DILL_PAGE_SIZE / 64);
	assert_int_equal(f.visited, (2 * MIB - DILL_PAGE_SIZE) / 64);
}

/* Forged tables can map the same memory to terabytes of addresses. */
static void test_same_memory_again(void **state)
{
	struct fixture f;

	(void)state;
	make(&f, 64, UINT64_C(1) << 40);
	add_run(&f, 0, 3 * MIB, 0);
	add_run(&f, 64 * MIB, 2 * MIB, MIB);
	add_run(&f, 128 * MIB, 2 * MIB, 2 * MIB);
	walk(&f);
	assert_int_equal(f.kernel.bytes_read, 4 * MIB);
	assert_int_equal(f.visited, 4 * MIB / 64);
}

static void test_unpaged(void **state)
{
	struct fixture f;

	(void)state;
	make(&f, 64, 2 * MIB / 64);
	f.kernel.unpaged = true;
	f.kernel.bad = VMEMMAP + DILL_PAGE_SIZE;
	walk(&f);
	assert_int_equal(f.visited, (2 * MIB - DILL_PAGE_SIZE) / 64);
	assert_int_equal(f.walk.unreadable, 0); /* nobody knows whether it should be there */
}

static void test_impossible(void **state)
{
	static const uint64_t sizes[] = {0, 1, 1 << 20, UINT64_MAX};
	struct fixture f;

	(void)state;
	for (size_t i = 0; i <= sizeof(sizes) / sizeof(*sizes); i++) {
		make(&f, 64, 100);
		if (i < sizeof(sizes) / sizeof(*sizes))
			f.kernel.map.page_struct_size = sizes[i];
		else
			f.kernel.map.vmemmap += 8;

		struct dill_error *error = pages_walk(&f.heap, visit, &f, &f.walk);

		assert_int_equal(dill_error_code(error), DILL_ERROR_UNSUPPORTED);
		dill_error_free(error);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_once),
		cmocka_unit_test(test_odd_size),
		cmocka_unit_test(test_holes),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(test_same_memory_again),
		cmocka_unit_test(test_unpaged),
		cmocka_unit_test(test_impossible),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
