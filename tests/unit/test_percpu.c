/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "btf_image.h"
#include "fake_target.h"
#include "kernel/kernel.h"
#include "kernel/state.h"

/* Per-CPU data and struct page of a made-up kernel, whose memory is seen virtually. */

#define DATA	    UINT64_C(0xffffffff82000000)
#define VMEMMAP	    UINT64_C(0xffffea0000000000)
#define PAGE_OFFSET UINT64_C(0xffff888000000000)
#define PAGE_SIZE   80u /* no power of two, to be unlike any constant */
#define PAGES	    4096u

enum {
	NR_CPU_IDS = 0x100,
	NR_NODE_IDS = 0x108,
	OFFSETS = 0x200,
	POSSIBLE = 0x800,
	ONLINE = 0x880,
	PAGE_OFFSET_BASE = 0x900,
	VMEMMAP_BASE = 0x908,
	MAX_PFN = 0x910,
};

struct world {
	struct fake_target target;
	struct kernel kernel;
};

static void add_symbol(struct world *world, const char *name, uint64_t value)
{
	assert_null(symbol_table_add(&world->kernel.symbols, value, 'D', name, strlen(name)));
}

static void set(struct world *world, uint64_t offset, uint64_t value)
{
	fake_target_set_u64(&world->target, world->target.first + offset, value);
}

/** Change a word that may have been read before. */
static void change(struct world *world, uint64_t offset, uint64_t value)
{
	set(world, offset, value);
	fake_target_run(&world->target, world->kernel.target);
}

static void world_init(struct world *world, uint64_t first, size_t size)
{
	memset(world, 0, sizeof(*world));
	fake_target_init(&world->target, DILL_SPACE_VIRTUAL, first, size);
	world->kernel.target = fake_target_open(&world->target);
	world->kernel.facts.paging_levels = 4;
}

static void world_deinit(struct world *world)
{
	fake_target_close(world->kernel.target);
	fake_target_deinit(&world->target);
	symbol_table_deinit(&world->kernel.symbols);
	cpus_deinit(&world->kernel.cpus);
	types_free(world->kernel.types);
	dill_error_free(world->kernel.no_types.error);
}

static enum dill_error_code code_of(struct dill_error *error)
{
	enum dill_error_code code;

	assert_non_null(error);
	code = dill_error_code(error);
	dill_error_free(error);
	return code;
}

/** A kernel with CPUs 0 to 66, of which 0, 1, 65 are possible and 0, 65 online; two nodes. */
static void world_init_cpus(struct world *world)
{
	world_init(world, DATA, 4096);
	add_symbol(world, "a_percpu_offset", 0x1fb80);
	add_symbol(world, "a_percpu_address", DATA + 0x40);
	add_symbol(world, "nr_cpu_ids", DATA + NR_CPU_IDS);
	add_symbol(world, "nr_node_ids", DATA + NR_NODE_IDS);
	add_symbol(world, "__per_cpu_offset", DATA + OFFSETS);
	add_symbol(world, "__cpu_possible_mask", DATA + POSSIBLE);
	add_symbol(world, "__cpu_online_mask", DATA + ONLINE);
	assert_null(symbol_table_index(&world->kernel.symbols));
	set(world, NR_CPU_IDS, 67);
	set(world, NR_NODE_IDS, 2);
	for (unsigned cpu = 0; cpu < 67; cpu++)
		set(world, OFFSETS + cpu * 8, UINT64_C(0xffff88801f200000) + cpu * 0x100000);
	set(world, POSSIBLE, 3);
	set(world, POSSIBLE + 8, 2);
	set(world, ONLINE, 1);
	set(world, ONLINE + 8, 2);
}

static void test_cpus(void **state)
{
	struct world world;
	struct kernel *kernel = &world.kernel;
	dill_virt address;

	(void)state;
	world_init_cpus(&world);
	assert_null(cpus_load(kernel));
	assert_int_equal(kernel_cpu_limit(kernel), 67);
	assert_int_equal(kernel_node_limit(kernel), 2);
	assert_true(kernel_cpu_possible(kernel, 1));
	assert_false(kernel_cpu_online(kernel, 1));
	assert_true(kernel_cpu_online(kernel, 65));
	assert_false(kernel_cpu_possible(kernel, 64));
	assert_false(kernel_cpu_possible(kernel, 67));
	assert_false(kernel_cpu_possible(kernel, UINT32_MAX));

	/* Both kinds of per-CPU symbols: small offsets, and ordinary addresses (6.15 on). */
	assert_null(kernel_percpu_symbol(kernel, "a_percpu_offset", 1, &address));
	assert_int_equal(address, UINT64_C(0xffff88801f300000) + 0x1fb80);
	assert_null(kernel_percpu_symbol(kernel, "a_percpu_address", 1, &address));
	assert_int_equal(address, UINT64_C(0xffff88801f300000) + DATA + 0x40);
	assert_int_equal(code_of(kernel_percpu_symbol(kernel, "a_percpu_offset", 67, &address)),
			 DILL_ERROR_INVALID_ARGUMENT);
	assert_int_equal(code_of(kernel_percpu_symbol(kernel, "none", 0, &address)),
			 DILL_ERROR_NOT_FOUND);
	assert_int_equal(kernel_percpu_address(kernel, 0x1000, 67), 0);
	world_deinit(&world);
}

static void test_forged_counts(void **state)
{
	static const uint32_t counts[] = {0, 1u << 20, UINT32_MAX};
	struct world world;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		world_init_cpus(&world);
		set(&world, NR_CPU_IDS, counts[i]);
		assert_int_equal(code_of(cpus_load(&world.kernel)), DILL_ERROR_BAD_DATA);
		set(&world, NR_CPU_IDS, 1);
		change(&world, NR_NODE_IDS, counts[i]);
		assert_int_equal(code_of(cpus_load(&world.kernel)), DILL_ERROR_BAD_DATA);
		world_deinit(&world);
	}
}

/* A count that fits, but whose array runs out of memory. */
static void test_unreadable_array(void **state)
{
	struct world world;

	(void)state;
	world_init_cpus(&world);
	set(&world, NR_CPU_IDS, 8192);
	assert_int_equal(code_of(cpus_load(&world.kernel)), DILL_ERROR_FAULT);
	world_deinit(&world);
}

/* --- struct page --- */

enum { FLAGS = 8, HEAD = 24 };

/**
 * struct page { u64 pad; u64 flags; u64 pad2; u64 HEAD; ... }; MAX_NUMNODES = 8, 5 zones.
 */
static struct types *make_types(const char *head)
{
	struct btf_image image = {0};
	uint32_t word = btf_image_int(&image, "long unsigned int", 8, 0);
	uint32_t entries = btf_image_array(&image, word, 8 * 5 + 1);

	btf_image_struct(&image, BTF_STRUCT, "zonelist", 41 * 8, 1);
	btf_image_member(&image, "_zonerefs", entries, 0, 0);
	btf_image_enum(&image, BTF_ENUM, "zone_type", 4, false, 2);
	btf_image_enumerator(&image, "ZONE_DMA", 0, false);
	btf_image_enumerator(&image, "__MAX_NR_ZONES", 5, false);
	btf_image_struct(&image, BTF_STRUCT, "page", PAGE_SIZE, 2);
	btf_image_member(&image, "flags", word, FLAGS * 8, 0);
	btf_image_member(&image, head, word, HEAD * 8, 0);
	return btf_image_open(&image);
}

/** The memory map's own pages are all that is readable. */
static void world_init_pages(struct world *world, const char *head)
{
	world_init(world, VMEMMAP, PAGES * PAGE_SIZE + 4096);
	world->kernel.types = make_types(head);
	world->kernel.cpus.node_limit = 4;
	world->kernel.map = (struct memory_map){
		.page_offset = PAGE_OFFSET,
		.vmemmap = VMEMMAP,
		.direct_size = PAGES * UINT64_C(4096),
		.page_size = 4096,
	};
}

static dill_virt page_at(unsigned index)
{
	return VMEMMAP + index * PAGE_SIZE;
}

static void test_arithmetic(void **state)
{
	struct world world;
	struct kernel *kernel = &world.kernel;
	dill_virt page;

	(void)state;
	world_init_pages(&world, "compound_head");
	assert_int_equal(kernel_memory_map(kernel)->page_struct_size, PAGE_SIZE);
	assert_null(kernel_virt_to_page(kernel, PAGE_OFFSET + 0x12345, &page));
	assert_int_equal(page, page_at(0x12));
	assert_int_equal(kernel_page_to_virt(kernel, page), PAGE_OFFSET + 0x12000);
	assert_int_equal(code_of(kernel_virt_to_page(kernel, PAGE_OFFSET - 1, &page)),
			 DILL_ERROR_INVALID_ARGUMENT);
	assert_int_equal(code_of(kernel_virt_to_page(kernel, PAGE_OFFSET + PAGES * 4096, &page)),
			 DILL_ERROR_INVALID_ARGUMENT);
	assert_true(kernel_is_page_struct(kernel, page_at(0)));
	assert_true(kernel_is_page_struct(kernel, page_at(PAGES - 1)));
	assert_false(kernel_is_page_struct(kernel, page_at(PAGES)));
	assert_false(kernel_is_page_struct(kernel, page_at(1) + 8));
	assert_false(kernel_is_page_struct(kernel, VMEMMAP - PAGE_SIZE));
	assert_false(kernel_is_page_struct(kernel, 0));
	world_deinit(&world);
}

static void test_head_by_pointer(void **state)
{
	struct world world;
	struct kernel *kernel = &world.kernel;
	dill_virt head;

	(void)state;
	world_init_pages(&world, "compound_head");
	set(&world, 18 * PAGE_SIZE + HEAD, page_at(16) | 1);
	assert_null(kernel_page_head(kernel, page_at(18), &head));
	assert_int_equal(head, page_at(16));
	/* Of a head page the word is something else, without bit 0. */
	change(&world, 16 * PAGE_SIZE + HEAD, 0xffff888001234500);
	assert_null(kernel_page_head(kernel, page_at(16), &head));
	assert_int_equal(head, page_at(16));
	/* Forged: behind the page, between two pages, outside. */
	change(&world, 20 * PAGE_SIZE + HEAD, page_at(21) | 1);
	assert_int_equal(code_of(kernel_page_head(kernel, page_at(20), &head)),
			 DILL_ERROR_BAD_DATA);
	change(&world, 22 * PAGE_SIZE + HEAD, (page_at(16) + 8) | 1);
	assert_int_equal(code_of(kernel_page_head(kernel, page_at(22), &head)),
			 DILL_ERROR_BAD_DATA);
	change(&world, 23 * PAGE_SIZE + HEAD, 1);
	assert_int_equal(code_of(kernel_page_head(kernel, page_at(23), &head)),
			 DILL_ERROR_BAD_DATA);
	world_deinit(&world);
}

/* 7.1 on, when struct page is a power of two large. */
static void test_head_by_mask(void **state)
{
	struct world world;
	struct kernel *kernel = &world.kernel;
	dill_virt head;

	(void)state;
	world_init_pages(&world, "compound_info");
	kernel->map.page_struct_size = 64;
	set(&world, 21 * 64 + HEAD, ~(UINT64_C(64) * 8 - 1) | 1);
	assert_null(kernel_page_head(kernel, VMEMMAP + 21 * 64, &head));
	assert_int_equal(head, VMEMMAP + 16 * 64);
	/* Without the optimisation the same member holds a pointer. */
	change(&world, 21 * 64 + HEAD, (VMEMMAP + 20 * 64) | 1);
	assert_null(kernel_page_head(kernel, VMEMMAP + 21 * 64, &head));
	assert_int_equal(head, VMEMMAP + 20 * 64);
	world_deinit(&world);
}

/* MAX_NUMNODES is 8: three bits at the top of the flags. */
static void test_node(void **state)
{
	struct world world;
	struct kernel *kernel = &world.kernel;
	uint64_t flags = UINT64_C(3) << 61 | UINT64_C(1) << 60 | 0x200;

	(void)state;
	world_init_pages(&world, "compound_head");
	assert_int_equal(kernel_page_flags_node(kernel, flags), 3);
	world_deinit(&world);
}

static void test_unknown_member(void **state)
{
	struct world world;
	dill_virt head;

	(void)state;
	world_init_pages(&world, "compound_something");
	assert_int_equal(code_of(kernel_page_head(&world.kernel, page_at(5), &head)),
			 DILL_ERROR_UNSUPPORTED);
	/* What does not depend on it is known all the same. */
	assert_int_equal(kernel_page_flags_node(&world.kernel, UINT64_C(3) << 61), 3);
	world_deinit(&world);
}

/* Types that cannot be used are not read again for each struct page, but when the kernel has run:
 * it may have been read while it started. */
static void test_layout_is_tried_once(void **state)
{
	struct world world;
	struct kernel *kernel = &world.kernel;
	dill_virt head;
	size_t pages;

	(void)state;
	world_init_pages(&world, "compound_head");
	types_free(kernel->types);
	kernel->types = NULL;
	add_symbol(&world, "__start_BTF", VMEMMAP);
	add_symbol(&world, "__stop_BTF", VMEMMAP + 8192);
	assert_null(symbol_table_index(&kernel->symbols));
	assert_int_equal(code_of(kernel_page_head(kernel, page_at(5), &head)), DILL_ERROR_BAD_DATA);
	pages = world.target.pages;
	assert_in_range(pages, 2, 100);
	for (unsigned i = 5; i < 10; i++) {
		assert_int_equal(code_of(kernel_page_head(kernel, page_at(i), &head)),
				 DILL_ERROR_BAD_DATA);
		assert_int_equal(kernel_page_flags_node(kernel, 0), 0);
		assert_int_equal(kernel_memory_map(kernel)->page_struct_size, 0);
	}
	assert_int_equal(world.target.pages, pages);
	fake_target_run(&world.target, kernel->target);
	assert_int_equal(code_of(kernel_page_head(kernel, page_at(5), &head)), DILL_ERROR_BAD_DATA);
	assert_int_equal(world.target.pages, 2 * pages);
	world_deinit(&world);
}

/* A translation is of the page tables as they were: forgetting goes to them again. */
static void test_forget(void **state)
{
	const dill_virt address = UINT64_C(0xffffc90000000000);
	const dill_phys from = 0x40000, to = 0x50000;
	struct world world;
	struct fake_tables tables;
	uint64_t value, *entry;

	(void)state;
	memset(&world, 0, sizeof(world));
	fake_target_init(&world.target, DILL_SPACE_PHYSICAL, 0, 128 * DILL_PAGE_SIZE);
	fake_tables_init(&tables, &world.target, 4, 0x1000, 0x2000);
	fake_tables_map(&tables, address, from, 1, FAKE_WRITABLE);
	fake_target_set_u64(&world.target, from, 1);
	fake_target_set_u64(&world.target, to, 2);
	world.kernel.target = fake_target_open(&world.target);
	vm_init(&world.kernel, 0x1000, x86_64_paging(4));
	assert_null(kernel_read_u64(&world.kernel, address, &value));
	assert_int_equal(value, 1);
	entry = fake_target_at(&world.target, fake_tables_entry(&tables, address, 1));
	*entry += to - from;
	kernel_forget(&world.kernel);
	assert_null(kernel_read_u64(&world.kernel, address, &value));
	assert_int_equal(value, 2);
	world_deinit(&world);
}

static void test_memory_map(void **state)
{
	struct world world;
	struct kernel *kernel = &world.kernel;

	(void)state;
	world_init(&world, DATA, 4096);
	add_symbol(&world, "page_offset_base", DATA + PAGE_OFFSET_BASE);
	add_symbol(&world, "vmemmap_base", DATA + VMEMMAP_BASE);
	add_symbol(&world, "max_pfn", DATA + MAX_PFN);
	assert_null(symbol_table_index(&kernel->symbols));
	set(&world, PAGE_OFFSET_BASE, UINT64_C(0xffff8cd580000000));
	set(&world, VMEMMAP_BASE, UINT64_C(0xfffff5f480000000));
	set(&world, MAX_PFN, 0x1ffe0);
	assert_null(memory_map_load(kernel));
	assert_int_equal(kernel->map.page_offset, UINT64_C(0xffff8cd580000000));
	assert_int_equal(kernel->map.vmemmap, UINT64_C(0xfffff5f480000000));
	assert_int_equal(kernel->map.direct_size, 0x1ffe0000);
	change(&world, MAX_PFN, UINT64_MAX);
	assert_int_equal(code_of(memory_map_load(kernel)), DILL_ERROR_BAD_DATA);
	world_deinit(&world);

	/* Without the variables, and with five levels: where they are linked. */
	world_init(&world, DATA, 4096);
	kernel->facts.paging_levels = 5;
	assert_null(memory_map_load(kernel));
	assert_int_equal(kernel->map.page_offset, UINT64_C(0xff11000000000000));
	assert_int_equal(kernel->map.vmemmap, UINT64_C(0xffd4000000000000));
	/* Nothing is known to exist, so nothing is a page. */
	assert_false(kernel_is_page_struct(kernel, kernel->map.vmemmap));
	world_deinit(&world);
}

static void test_vmcoreinfo(void **state)
{
	static const char text[] = "OSRELEASE=6.1.0\nPAGESIZE=4096\nSIZE(page)=64\n"
				   "XKERNELOFFSET=5\nKERNELOFFSET=1d200000\n";
	static const char arm64[] = "SYMBOL(vmemmap)=ffffc1ffc0000000\n"
				    "NUMBER(VA_BITS)=52\n"
				    "NUMBER(MODULES_VADDR)=0xffff800000000000\n"
				    "NUMBER(MODULES_END)=0xffff80007fffffff\n"
				    "NUMBER(VMALLOC_END)=0xffffbfffffffffff\n"
				    "NUMBER(VMALLOC_START)=0x\n"
				    "NUMBER(PHYS_OFFSET)=0xfff0bd9500000000\n";
	static const char broken[] = "SIZE(page)=6x4\nKERNELOFFSET=11112222333344445\nSIZE(page";
	struct vmcoreinfo info;

	(void)state;
	vmcoreinfo_parse((struct span){(const uint8_t *)text, sizeof(text)}, &info);
	assert_true(info.has_kernel_offset && info.has_page_size);
	assert_int_equal(info.kernel_offset, 0x1d200000);
	assert_int_equal(info.page_struct_size, 64);
	vmcoreinfo_parse((struct span){(const uint8_t *)broken, sizeof(broken)}, &info);
	assert_false(info.has_kernel_offset || info.has_page_size);
	vmcoreinfo_parse((struct span){0}, &info);
	assert_false(info.has_kernel_offset || info.has_page_size);
	vmcoreinfo_parse((struct span){(const uint8_t *)arm64, sizeof(arm64)}, &info);
	assert_true(info.has_phys_offset && info.has_memory_map && !info.has_tables);
	assert_int_equal(info.phys_offset, 0xfff0bd9500000000);
	assert_int_equal(info.memory_map, 0xffffc1ffc0000000);
	assert_int_equal(info.address_bits, 52);
	assert_int_equal(info.modules.first, 0xffff800000000000);
	assert_int_equal(info.vmalloc.end, 0); /* half of it is not told */
	/* Cut in the middle of the number. */
	vmcoreinfo_parse((struct span){(const uint8_t *)text, sizeof(text) - 4}, &info);
	assert_false(info.has_kernel_offset);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cpus),
		cmocka_unit_test(test_forged_counts),
		cmocka_unit_test(test_unreadable_array),
		cmocka_unit_test(test_arithmetic),
		cmocka_unit_test(test_head_by_pointer),
		cmocka_unit_test(test_head_by_mask),
		cmocka_unit_test(test_node),
		cmocka_unit_test(test_unknown_member),
		cmocka_unit_test(test_layout_is_tried_once),
		cmocka_unit_test(test_forget),
		cmocka_unit_test(test_memory_map),
		cmocka_unit_test(test_vmcoreinfo),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
