/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_target.h"
#include "kallsyms_image.h"
#include "kernel/kernel.h"
#include "kernel/state.h"

#define MIB  (UINT64_C(1) << 20)
#define ROOT UINT64_C(0x2000)
#define BASE KALLSYMS_IMAGE_BASE
#define PHYS (4 * MIB)

#define BANNER "Linux version 6.1.2-test (a\033b@c) #1\n"

/**
 * A made-up guest: physical memory with page tables and a kernel image of 4 MiB of text, 2 MiB of
 * read-only data that hold kallsyms, and 2 MiB of data.
 */
struct guest {
	struct fake_target target;
	struct fake_tables tables;
	struct target *memory;
};

static void set_cpu(struct guest *guest, unsigned cpu, uint64_t cr3)
{
	guest->target.registers[cpu] = (struct dill_registers){
		.control = 0x80050033,
		.tables = cr3,
		.paging = guest->tables.levels == 5 ? 0x16b0 : 0x6b0,
		.mode = 0xd01,
		.has_control = true,
	};
}

static void map_image(struct guest *guest)
{
	struct fake_tables *tables = &guest->tables;

	fake_tables_map(tables, BASE, PHYS, 2, 0);
	fake_tables_map(tables, BASE + 2 * MIB, PHYS + 2 * MIB, 2, 0);
	fake_tables_map(tables, BASE + 4 * MIB, PHYS + 4 * MIB, 2, FAKE_NO_EXECUTE);
	fake_tables_map(tables, BASE + 6 * MIB, PHYS + 6 * MIB, 2, FAKE_NO_EXECUTE | FAKE_WRITABLE);
}

static void guest_init(struct guest *guest, unsigned levels)
{
	memset(guest, 0, sizeof(*guest));
	fake_target_init(&guest->target, DILL_SPACE_PHYSICAL, 0, 16 * MIB);
	fake_tables_init(&guest->tables, &guest->target, levels, ROOT, 0x10000);
	map_image(guest);
	set_cpu(guest, 0, ROOT);
	guest->memory = fake_target_open(&guest->target);
}

static void guest_deinit(struct guest *guest)
{
	fake_target_close(guest->memory);
	fake_target_deinit(&guest->target);
}

static void add_symbols(struct guest *guest, enum kallsyms_layout layout, uint32_t count)
{
	struct kallsyms_image image;
	uint64_t banner = kallsyms_image_value(layout, KALLSYMS_IMAGE_BANNER);

	kallsyms_image_init(&image, layout, count, 0x1000);
	assert_in_range(image.size, 1, 2 * MIB);
	memcpy(fake_target_at(&guest->target, PHYS + 4 * MIB), image.bytes, image.size);
	memcpy(fake_target_at(&guest->target, PHYS + (banner - BASE)), BANNER, sizeof(BANNER));
	kallsyms_image_deinit(&image);
}

static enum dill_error_code code_of(struct dill_error *error)
{
	enum dill_error_code code;

	assert_non_null(error);
	code = dill_error_code(error);
	dill_error_free(error);
	return code;
}

/* --- the image --- */

static void test_find(void **state)
{
	(void)state;
	for (unsigned levels = 4; levels <= 5; levels++) {
		struct kernel kernel = {0};
		struct guest guest;

		guest_init(&guest, levels);
		/* A module: mapped behind, but not with the image's distance. */
		fake_tables_map(&guest.tables, UINT64_C(0xffffffffa0000000), 0x9000, 1, 0);
		kernel.target = guest.memory;
		kernel.arch = &arch_x86_64;
		assert_null(kernel_locate(&kernel, NULL));
		assert_int_equal(kernel.image.base, BASE);
		assert_int_equal(kernel.image.size, 8 * MIB);
		assert_int_equal(kernel.image.regions.count, 3);
		assert_int_equal(image_phys(&kernel.image, BASE + 5 * MIB), PHYS + 5 * MIB);
		assert_int_equal(kernel.facts.paging_levels, levels);
		assert_true(kernel.image.regions.items[0].executable);
		assert_false(kernel.image.regions.items[1].executable);
		assert_false(kernel.image.regions.items[1].writable);
		assert_true(kernel.image.regions.items[2].writable);
		image_deinit(&kernel.image);
		guest_deinit(&guest);
	}
}

/* In user mode under page-table isolation: the user's table shows entry text only, the kernel's is
 * its neighbour. */
static void test_user_mode(void **state)
{
	struct kernel kernel = {0};
	struct fake_tables user;
	struct guest guest;

	(void)state;
	guest_init(&guest, 4);
	fake_tables_init(&user, &guest.target, 4, ROOT + 0x1000, 0x80000);
	fake_tables_map(&user, BASE + 2 * MIB, PHYS + 2 * MIB, 2, 0);
	/* The PCID and the no-flush bit are no part of the address. */
	set_cpu(&guest, 0, (ROOT + 0x1000) | 0x885 | UINT64_C(1) << 63);
	kernel.target = guest.memory;
	kernel.arch = &arch_x86_64;
	assert_null(kernel_locate(&kernel, NULL));
	assert_int_equal(kernel.image.base, BASE);
	image_deinit(&kernel.image);
	guest_deinit(&guest);
}

static void test_other_cpu(void **state)
{
	struct kernel kernel = {0};
	struct guest guest;

	(void)state;
	guest_init(&guest, 4);
	guest.target.cpus = 3;
	/* CPU 0 in real mode, CPU 1 with page tables of firmware. */
	set_cpu(&guest, 0, ROOT);
	guest.target.registers[0].control = 0x10;
	set_cpu(&guest, 1, 0x700000);
	set_cpu(&guest, 2, ROOT);
	kernel.target = guest.memory;
	kernel.arch = &arch_x86_64;
	assert_null(kernel_locate(&kernel, NULL));
	image_deinit(&kernel.image);
	guest_deinit(&guest);
}

static void test_no_kernel(void **state)
{
	struct kernel *kernel = NULL;
	struct guest guest;

	(void)state;
	guest_init(&guest, 4);
	set_cpu(&guest, 0, 0x700000);
	assert_int_equal(code_of(kernel_open(guest.memory, NULL, &kernel)), DILL_ERROR_NOT_FOUND);
	guest.target.registers[0].mode = 0;
	assert_int_equal(code_of(kernel_open(guest.memory, NULL, &kernel)), DILL_ERROR_NOT_FOUND);
	/* Page tables outside of memory. */
	set_cpu(&guest, 0, UINT64_C(0x000ffffffffff000));
	assert_int_equal(code_of(kernel_open(guest.memory, NULL, &kernel)), DILL_ERROR_NOT_FOUND);
	/* An image without symbols. */
	set_cpu(&guest, 0, ROOT);
	assert_int_equal(code_of(kernel_open(guest.memory, NULL, &kernel)), DILL_ERROR_NOT_FOUND);
	guest.target.registers[0].has_control = false;
	assert_int_equal(code_of(kernel_open(guest.memory, NULL, &kernel)), DILL_ERROR_UNSUPPORTED);
	assert_null(kernel);
	guest_deinit(&guest);
}

/* --- symbols near an address --- */

static void expect_symbol(struct kernel *kernel, dill_virt address, const char *name)
{
	struct symbol symbol;

	if (name) {
		assert_null(kernel_symbol_at(kernel, address, &symbol));
		assert_string_equal(symbol.name, name);
	} else {
		assert_int_equal(code_of(kernel_symbol_at(kernel, address, &symbol)),
				 DILL_ERROR_NOT_FOUND);
	}
}

/* String literals lie behind the last table of .rodata and have no symbols. */
static void test_reach_of_symbols(void **state)
{
	static const struct {
		uint64_t offset;
		char kind;
		const char *name;
	} symbols[] = {
		{0x100, 't', "function"},	{2 * MIB, 'R', "__start_rodata"},
		{2 * MIB + 0x40, 'd', "table"}, {3 * MIB, 'R', "__stop_notes"},
		{4 * MIB, 'R', "__end_rodata"}, {5 * MIB, 'd', "variable"},
	};
	struct kernel kernel = {.image = {.base = BASE, .size = 8 * MIB}};

	(void)state;
	for (size_t i = 0; i < sizeof(symbols) / sizeof(*symbols); i++)
		assert_null(symbol_table_add(&kernel.symbols, BASE + symbols[i].offset,
					     symbols[i].kind, symbols[i].name,
					     strlen(symbols[i].name)));
	assert_null(symbol_table_index(&kernel.symbols));
	expect_symbol(&kernel, BASE + 0x50100, "function");
	expect_symbol(&kernel, BASE + MIB + 0x100, NULL);
	expect_symbol(&kernel, BASE + 2 * MIB + 0x50, "table");
	expect_symbol(&kernel, BASE + 2 * MIB + 0x30000, NULL);
	expect_symbol(&kernel, BASE + 3 * MIB, "__stop_notes");
	expect_symbol(&kernel, BASE + 3 * MIB + 8, NULL);
	expect_symbol(&kernel, BASE + 4 * MIB + 8, NULL);
	expect_symbol(&kernel, BASE + 5 * MIB + 0x30000, "variable");
	expect_symbol(&kernel, BASE + 6 * MIB, NULL);
	symbol_table_deinit(&kernel.symbols);
}

/* --- the whole kernel --- */

static void test_open(void **state)
{
	(void)state;
	for (unsigned layout = 0; layout < LAYOUTS; layout++) {
		/* Too few symbols to be sampled, and enough. */
		for (uint32_t count = 600; count <= 72000; count += 71400) {
			struct kernel *kernel;
			struct guest guest;
			struct symbol symbol;
			dill_virt address;

			if (count > 50000 &&
			    (layout == LAYOUT_5_10_ABSOLUTE || layout == LAYOUT_6_4_ABSOLUTE ||
			     layout == LAYOUT_4_19_ABSOLUTE))
				count = 50000;
			guest_init(&guest, 4);
			add_symbols(&guest, layout, count);
			assert_null(kernel_open(guest.memory, NULL, &kernel));
			assert_string_equal(kernel_facts(kernel)->banner,
					    "Linux version 6.1.2-test (a\\x1bb@c) #1");
			assert_int_equal(kernel_facts(kernel)->base, BASE);
			assert_int_equal(kernel_facts(kernel)->phys_base, PHYS);
			assert_non_null(strstr(kernel_facts(kernel)->symbols_how,
					       count > 600 ? "sampling" : "search"));
			assert_null(kernel_symbol(kernel, "linux_banner", &address));
			assert_null(kernel_symbol_at(kernel, address + 3, &symbol));
			assert_string_equal(symbol.name, "linux_banner");
			assert_int_equal(code_of(kernel_symbol_at(kernel, BASE + 8 * MIB, &symbol)),
					 DILL_ERROR_NOT_FOUND);
			assert_int_equal(code_of(kernel_symbol(kernel, "linux_baner", &address)),
					 DILL_ERROR_NOT_FOUND);
			/* A kernel without SMP and NUMA. */
			assert_int_equal(kernel_cpu_limit(kernel), 1);
			assert_true(kernel_cpu_online(kernel, 0));
			assert_int_equal(kernel_node_limit(kernel), 1);
			kernel_free(kernel);
			guest_deinit(&guest);
			if (count == 50000)
				break;
		}
	}
}

/* The same through a target that has virtual addresses only. */
static void test_open_virtual(void **state)
{
	struct guest guest;
	struct kernel *kernel;
	struct mapping mapping;

	(void)state;
	guest_init(&guest, 4);
	add_symbols(&guest, LAYOUT_6_15, 5000);
	fake_target_run(&guest.target, guest.memory);
	guest.target.spaces = DILL_SPACE_VIRTUAL;
	/* What lies at PHYS is now what the CPU sees at BASE. */
	guest.target.first = BASE;
	memmove(guest.target.bytes, guest.target.bytes + PHYS, 12 * MIB);
	guest.target.size = 8 * MIB;
	assert_null(kernel_open(guest.memory, NULL, &kernel));
	assert_int_equal(kernel_facts(kernel)->base, BASE);
	assert_false(kernel_facts(kernel)->has_phys_base);
	assert_int_equal(code_of(kernel_translate(kernel, BASE, &mapping)), DILL_ERROR_UNSUPPORTED);
	kernel_free(kernel);
	guest_deinit(&guest);
}

static void test_refresh(void **state)
{
	static const char other[] = "Linux version 6.9";
	uint64_t banner = kallsyms_image_value(LAYOUT_7_0, KALLSYMS_IMAGE_BANNER);
	struct guest guest;
	struct kernel *kernel;

	(void)state;
	guest_init(&guest, 4);
	add_symbols(&guest, LAYOUT_7_0, 600);
	assert_null(kernel_open(guest.memory, NULL, &kernel));
	assert_null(kernel_refresh(kernel));
	fake_target_run(&guest.target, guest.memory);
	assert_null(kernel_refresh(kernel));

	/* Another kernel at another place, and the first one's memory has not changed. */
	fake_target_run(&guest.target, guest.memory);
	set_cpu(&guest, 0, ROOT + 0x20000);
	assert_int_equal(code_of(kernel_refresh(kernel)), DILL_ERROR_BAD_DATA);
	/* The first one, in a program of which its tables show little. */
	set_cpu(&guest, 0, ROOT + 0x1000);
	assert_null(kernel_refresh(kernel));

	/* Another kernel at the same place. */
	fake_target_run(&guest.target, guest.memory);
	memcpy(fake_target_at(&guest.target, PHYS + (banner - BASE)), other, sizeof(other));
	assert_int_equal(code_of(kernel_refresh(kernel)), DILL_ERROR_BAD_DATA);

	/* No kernel at all any more. */
	fake_target_run(&guest.target, guest.memory);
	memset(fake_target_at(&guest.target, ROOT), 0, 4096);
	assert_int_equal(code_of(kernel_refresh(kernel)), DILL_ERROR_BAD_DATA);
	kernel_free(kernel);
	guest_deinit(&guest);
}

/* --- reading (vm.c) --- */

#define HOLES UINT64_C(0xffffc90000000000)

static void test_read(void **state)
{
	struct kernel kernel = {0};
	struct guest guest;
	struct dill_error *error;
	char text[16] = "";
	char *string;
	uint64_t value;

	(void)state;
	guest_init(&guest, 4);
	/* Two neighbours that are far apart physically, a hole, and a page outside of memory. */
	fake_tables_map(&guest.tables, HOLES, 0x700000, 1, 0);
	fake_tables_map(&guest.tables, HOLES + 0x1000, 0x500000, 1, 0);
	fake_tables_map(&guest.tables, HOLES + 0x3000, UINT64_C(1) << 40, 1, 0);
	memcpy(fake_target_at(&guest.target, 0x700ffc), "abcd", 4);
	memcpy(fake_target_at(&guest.target, 0x500000), "efg", 4);
	kernel.target = guest.memory;
	kernel.arch = &arch_x86_64;
	vm_init(&kernel, ROOT, x86_64_paging(4));
	assert_null(kernel_read(&kernel, HOLES + 0xffc, text, 8));
	assert_string_equal(text, "abcdefg");
	assert_null(kernel_read_uncached(&kernel, HOLES + 0xffd, text, 7));
	assert_string_equal(text, "bcdefg");
	assert_null(kernel_read_string(&kernel, HOLES + 0xffc, 100, &string));
	assert_string_equal(string, "abcdefg");
	free(string);
	assert_null(kernel_read_string(&kernel, HOLES + 0xffc, 6, &string));
	assert_string_equal(string, "abcdef");
	free(string);

	error = kernel_read_u64(&kernel, HOLES + 0x1ffc, &value);
	assert_int_equal(dill_error_address(error), HOLES + 0x2000);
	assert_int_equal(code_of(error), DILL_ERROR_FAULT);
	error = kernel_read_u64(&kernel, HOLES + 0x3010, &value);
	assert_int_equal(dill_error_address(error) & ~7, HOLES + 0x3010);
	assert_int_equal(code_of(error), DILL_ERROR_FAULT);
	guest_deinit(&guest);
}

static void test_read_lenient(void **state)
{
	struct kernel kernel = {0};
	struct guest guest;
	uint8_t *bytes = malloc(0x4000);

	(void)state;
	guest_init(&guest, 4);
	fake_tables_map(&guest.tables, HOLES, 0x700000, 1, 0);
	fake_tables_map(&guest.tables, HOLES + 0x2000, 0x500000, 1, 0);
	memset(fake_target_at(&guest.target, 0x700000), 1, 0x1000);
	memset(fake_target_at(&guest.target, 0x500000), 2, 0x1000);
	memset(bytes, 9, 0x4000);
	kernel.target = guest.memory;
	kernel.arch = &arch_x86_64;
	vm_init(&kernel, ROOT, x86_64_paging(4));
	assert_null(vm_read_lenient(&kernel, HOLES + 0x10, bytes, 0x3ff0));
	assert_int_equal(bytes[0], 1);
	assert_int_equal(bytes[0xff0], 0);
	assert_int_equal(bytes[0x1ff0], 2);
	assert_int_equal(bytes[0x2ff0], 0);
	free(bytes);
	guest_deinit(&guest);
}

/* Translations are remembered until told otherwise. */
static void test_tlb(void **state)
{
	struct kernel kernel = {0};
	struct guest guest;
	struct mapping mapping;

	(void)state;
	guest_init(&guest, 4);
	kernel.target = guest.memory;
	kernel.arch = &arch_x86_64;
	vm_init(&kernel, ROOT, x86_64_paging(4));
	for (unsigned pass = 0; pass < 2; pass++) {
		assert_null(kernel_translate(&kernel, BASE + 5 * MIB + 7, &mapping));
		assert_int_equal(mapping.phys, PHYS + 5 * MIB + 7);
		assert_int_equal(mapping.size, 2 * MIB);
		assert_false(mapping.executable || mapping.writable || mapping.user);
	}
	fake_target_run(&guest.target, guest.memory);
	fake_tables_map(&guest.tables, BASE + 4 * MIB, 8 * MIB, 2, FAKE_WRITABLE);
	assert_null(kernel_translate(&kernel, BASE + 5 * MIB, &mapping));
	assert_int_equal(mapping.phys, PHYS + 5 * MIB);
	vm_forget(&kernel);
	assert_null(kernel_translate(&kernel, BASE + 5 * MIB, &mapping));
	assert_int_equal(mapping.phys, 9 * MIB);
	guest_deinit(&guest);
}

/* Three hundred scattered addresses cost one round trip per level, whatever their tables are. */
static void test_prefetch(void **state)
{
	struct kernel kernel = {0};
	struct guest guest;
	dill_virt addresses[300];
	unsigned calls;

	(void)state;
	guest_init(&guest, 4);
	for (unsigned i = 0; i < 300; i++) {
		/* A page table of its own for each. */
		addresses[i] = HOLES + i * 2 * MIB + 0x123;
		if (i % 10 != 9)
			fake_tables_map(&guest.tables, addresses[i] & ~UINT64_C(4095),
					0x400000 + i * 0x1000, 1, 0);
	}
	kernel.target = guest.memory;
	kernel.arch = &arch_x86_64;
	vm_init(&kernel, ROOT, x86_64_paging(4));
	assert_null(kernel_prefetch(&kernel, addresses, 300));
	assert_in_range(guest.target.calls, 1, 5);
	calls = guest.target.calls;
	for (unsigned i = 0; i < 300; i++) {
		uint8_t byte;
		struct dill_error *error = kernel_read_u8(&kernel, addresses[i], &byte);

		assert_int_equal(!error, i % 10 != 9);
		dill_error_free(error);
	}
	assert_int_equal(guest.target.calls, calls);

	/* Nonsense is no error. */
	addresses[0] = 0x1234567890abcdef;
	addresses[1] = 0;
	addresses[2] = UINT64_MAX;
	assert_null(kernel_prefetch(&kernel, addresses, 3));
	assert_null(kernel_prefetch(&kernel, addresses, 0));
	guest_deinit(&guest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_user_mode),
		cmocka_unit_test(test_other_cpu),
		cmocka_unit_test(test_no_kernel),
		cmocka_unit_test(test_reach_of_symbols),
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_open_virtual),
		cmocka_unit_test(test_refresh),
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_read_lenient),
		cmocka_unit_test(test_tlb),
		cmocka_unit_test(test_prefetch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
