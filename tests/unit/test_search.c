/* SPDX-License-Identifier: MIT */
/* Kernels in memory that came without registers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_target.h"
#include "kernel/kernel.h"
#include "kernel/state.h"

#define MIB    (UINT64_C(1) << 20)
#define BASE   UINT64_C(0xffffffff9a000000)
#define PHYS   (4 * MIB)
#define OTHER  (16 * MIB)
#define ROOT   UINT64_C(0x40000)
#define BANNER "Linux version 6.1.2-test"

/** Physical memory with an image of 6 MiB at PHYS, and room for another one at OTHER. */
struct guest {
	struct fake_target target;
	struct target *memory;
	struct kernel kernel;
};

static void guest_init(struct guest *guest)
{
	memset(guest, 0, sizeof(*guest));
	fake_target_init(&guest->target, DILL_SPACE_PHYSICAL, 0, 32 * MIB);
	guest->target.cpus = 0;
	guest->target.tells_ranges = true;
	guest->memory = fake_target_open(&guest->target);
	guest->kernel.target = guest->memory;
	guest->kernel.arch = &arch_x86_64;
}

static void guest_deinit(struct guest *guest)
{
	image_deinit(&guest->kernel.image);
	fake_target_close(guest->memory);
	fake_target_deinit(&guest->target);
}

/* Page tables from @root on that map 6 MiB at @phys. */
static void add_tables(struct guest *guest, unsigned levels, uint64_t root, uint64_t phys)
{
	struct fake_tables tables;

	fake_tables_init(&tables, &guest->target, levels, root, root + 0x1000);
	for (uint64_t at = 0; at < 6 * MIB; at += 2 * MIB)
		fake_tables_map(&tables, BASE + at, phys + at, 2, 0);
}

static void add_banner(struct guest *guest, uint64_t phys)
{
	memcpy(fake_target_at(&guest->target, phys), BANNER, sizeof(BANNER));
}

static void expect_found(struct guest *guest, unsigned levels, const char *how)
{
	assert_null(kernel_locate(&guest->kernel, NULL));
	assert_int_equal(guest->kernel.image.base, BASE);
	assert_int_equal(image_phys(&guest->kernel.image, BASE), PHYS);
	assert_int_equal(guest->kernel.facts.paging_levels, levels);
	assert_non_null(strstr(guest->kernel.facts.base_how, how));
}

static void expect_not_found(struct guest *guest, const char *reason)
{
	struct dill_error *error = kernel_locate(&guest->kernel, NULL);

	assert_non_null(error);
	assert_int_equal(dill_error_code(error), DILL_ERROR_NOT_FOUND);
	if (!strstr(dill_error_text(error), reason))
		fail_msg("%s", dill_error_text(error));
	dill_error_free(error);
}

/* --- by what lies in memory --- */

static void test_in_memory(void **state)
{
	(void)state;
	for (unsigned levels = 4; levels <= 5; levels++) {
		struct guest guest;

		guest_init(&guest);
		add_tables(&guest, levels, ROOT, PHYS);
		/* Over the ends of two chunks of the search. */
		add_banner(&guest, PHYS + 2 * MIB - 7);
		expect_found(&guest, levels, "found in physical memory");
		guest_deinit(&guest);
	}
}

/* Tables of a kernel that ran before this one: its image is overwritten. */
static void test_kernel_that_is_gone(void **state)
{
	struct guest guest;

	(void)state;
	guest_init(&guest);
	add_tables(&guest, 4, ROOT - 0x10000, OTHER);
	expect_not_found(&guest, "none of them is a page table");
	add_tables(&guest, 4, ROOT, PHYS);
	add_banner(&guest, PHYS + 5 * MIB);
	expect_found(&guest, 4, "found in physical memory");
	guest_deinit(&guest);
}

/* With page-table isolation the user's tables show entry text only; large pages are no tables. */
static void test_other_tables(void **state)
{
	struct fake_tables user;
	struct guest guest;

	(void)state;
	guest_init(&guest);
	fake_tables_init(&user, &guest.target, 4, ROOT - 0x10000, ROOT - 0xf000);
	fake_tables_map(&user, BASE, PHYS, 2, 0);
	fake_tables_init(&user, &guest.target, 4, ROOT - 0x8000, ROOT - 0x7000);
	fake_tables_map(&user, BASE, 0, 3, 0);
	add_banner(&guest, PHYS);
	expect_not_found(&guest, "none of them is a page table");
	/* Tables that lead to themselves, and out of memory. */
	fake_target_set_u64(&guest.target, 0x1ff8, 0x1003);
	fake_target_set_u64(&guest.target, 0x1ff0, 0x1003);
	fake_target_set_u64(&guest.target, 0x2ff8, UINT64_C(0x000ffffffffff003));
	add_tables(&guest, 4, ROOT, PHYS);
	expect_found(&guest, 4, "found in physical memory");
	guest_deinit(&guest);
}

/* Tables that map more than any kernel: how much of it is searched has an end. */
static void test_endless_images(void **state)
{
	struct fake_tables tables;
	struct guest guest;
	struct dill_error *error;

	(void)state;
	guest_init(&guest);
	fake_tables_init(&tables, &guest.target, 4, ROOT, ROOT + 0x1000);
	for (uint64_t at = 0; at < 600 * MIB; at += 2 * MIB)
		fake_tables_map(&tables, BASE + at, OTHER + at, 2, 0);
	error = kernel_locate(&guest.kernel, NULL);
	assert_non_null(error);
	assert_int_equal(dill_error_code(error), DILL_ERROR_LIMIT);
	dill_error_free(error);
	guest_deinit(&guest);
}

/* A target that does not tell where memory is cannot be searched: its CPUs' reason counts. */
static void test_not_searched(void **state)
{
	struct guest guest;

	(void)state;
	guest_init(&guest);
	guest.target.tells_ranges = false;
	add_tables(&guest, 4, ROOT, PHYS);
	add_banner(&guest, PHYS);
	expect_not_found(&guest, "no CPU");
	guest_deinit(&guest);
}

/* --- by VMCOREINFO --- */

static void expect_vmcoreinfo(const char *text, unsigned levels, const char *how)
{
	struct guest guest;

	guest_init(&guest);
	guest.target.vmcoreinfo = text;
	add_tables(&guest, levels, ROOT, PHYS);
	add_banner(&guest, PHYS);
	expect_found(&guest, levels, how);
	guest_deinit(&guest);
}

static void test_vmcoreinfo(void **state)
{
	static const char found[] = "VMCOREINFO", searched[] = "found in physical memory";

	(void)state;
	/* 0x1000000 - 0xfc0000 and 0x30000 + 0x10000 are ROOT. */
	expect_vmcoreinfo("SYMBOL(swapper_pg_dir)=ffffffff81000000\n"
			  "NUMBER(phys_base)=-16515072\n"
			  "NUMBER(pgtable_l5_enabled)=0\n",
			  4, found);
	expect_vmcoreinfo("SYMBOL(swapper_pg_dir)=ffffffff80030000\n"
			  "NUMBER(phys_base)=65536\n"
			  "NUMBER(pgtable_l5_enabled)=1\n",
			  5, found);
	/* What is wrong or not all there does not keep the kernel from being found. */
	expect_vmcoreinfo("SYMBOL(swapper_pg_dir)=ffffffff80030000\n", 4, searched);
	expect_vmcoreinfo("SYMBOL(swapper_pg_dir)=ffffffff80030000\n"
			  "NUMBER(phys_base)=0\n",
			  4, searched);
	expect_vmcoreinfo("SYMBOL(swapper_pg_dir)=fffffffff80030000\n"
			  "NUMBER(phys_base)=65536\n",
			  4, searched);
	expect_vmcoreinfo("NUMBER(phys_base)=99999999999999999999\nSYMBOL(swapper_pg_dir)=x\n", 4,
			  searched);
}

/* --- by a VMCOREINFO that lies in memory, and several kernels --- */

#define OTHER_ROOT UINT64_C(0x80000)

static void put_info(struct guest *guest, uint64_t page, uint64_t root)
{
	int length = sprintf(fake_target_at(&guest->target, page),
			     "OSRELEASE=6.1.2-test\nSYMBOL(swapper_pg_dir)=ffffffff80000000\n"
			     "NUMBER(phys_base)=%ld\n"
			     "NUMBER(pgtable_l5_enabled)=0\n",
			     (long)root);

	assert_true(length > 0);
}

/* Its own tables count, though a process's come first; but of two kernels the first tables. */
static void test_info_in_memory(void **state)
{
	struct guest guest;

	(void)state;
	guest_init(&guest);
	add_tables(&guest, 4, ROOT, PHYS);
	add_tables(&guest, 4, OTHER_ROOT, PHYS);
	add_banner(&guest, PHYS);
	put_info(&guest, 0x10000, OTHER_ROOT);
	put_info(&guest, 0x20000, 0x3000); /* no tables */
	expect_found(&guest, 4, "by a VMCOREINFO found in physical memory");
	assert_int_equal(guest.kernel.vm.tables.root, OTHER_ROOT);
	guest_deinit(&guest);
}

/* Two kernels at one virtual address: that one is found that has tables first, and both by name. */
static void test_two_kernels(void **state)
{
	struct kernel_list list = {0};
	struct guest guest;

	(void)state;
	guest_init(&guest);
	add_tables(&guest, 4, ROOT, PHYS);
	add_tables(&guest, 5, OTHER_ROOT, OTHER);
	add_banner(&guest, PHYS);
	memcpy(fake_target_at(&guest.target, OTHER + MIB), "Linux version 6.9.9-b (x", 24);
	put_info(&guest, 0x10000, OTHER_ROOT); /* with a wrong number of levels */
	expect_found(&guest, 4, "found in physical memory");
	assert_null(kernels_find(guest.memory, 0, &list));
	assert_int_equal(list.found.count, 2);
	assert_false(list.is_cut);
	assert_int_equal(list.found.items[0].phys, PHYS);
	assert_string_equal(list.found.items[0].release, "6.1.2-test");
	assert_int_equal(list.found.items[1].phys, OTHER);
	assert_int_equal(list.found.items[1].paging.levels, 5);
	assert_string_equal(list.found.items[1].release, "6.9.9-b");
	kernel_list_deinit(&list);
	assert_null(kernels_find(guest.memory, 2 * MIB, &list));
	assert_true(list.is_cut);
	kernel_list_deinit(&list);
	guest_deinit(&guest);
}

static void expect_choice(const char *choice, uint64_t phys, const char *reason)
{
	struct guest guest;
	struct dill_error *error;

	guest_init(&guest);
	add_tables(&guest, 4, ROOT, PHYS);
	add_tables(&guest, 4, OTHER_ROOT, OTHER);
	add_banner(&guest, PHYS);
	add_banner(&guest, OTHER);
	error = kernel_locate(&guest.kernel, choice);
	if (reason) {
		assert_non_null(error);
		assert_int_equal(dill_error_code(error), DILL_ERROR_INVALID_ARGUMENT);
		assert_non_null(strstr(dill_error_text(error), reason));
		dill_error_free(error);
	} else {
		assert_null(error);
		assert_int_equal(image_phys(&guest.kernel.image, BASE), phys);
	}
	guest_deinit(&guest);
}

static void test_choice(void **state)
{
	(void)state;
	expect_choice("1", PHYS, NULL);
	expect_choice("2", OTHER, NULL);
	expect_choice("0x1000000", OTHER, NULL);
	expect_choice("0xffffffff9a000000", PHYS, NULL);
	expect_choice("3", 0, "1 is 6.1.2-test at 0xffffffff9a000000 (physical 0x400000), 2 is");
	expect_choice("0", 0, "chooses no kernel");
	expect_choice("second", 0, "chooses no kernel");
	expect_choice("1x", 0, "chooses no kernel");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_memory),      cmocka_unit_test(test_kernel_that_is_gone),
		cmocka_unit_test(test_other_tables),   cmocka_unit_test(test_not_searched),
		cmocka_unit_test(test_endless_images), cmocka_unit_test(test_vmcoreinfo),
		cmocka_unit_test(test_info_in_memory), cmocka_unit_test(test_two_kernels),
		cmocka_unit_test(test_choice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
