/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_target.h"
#include "kernel/kernel.h"
#include "kernel/state.h"

/* A kernel without symbols: what they would tell is found in its image. */

#define MIB    (UINT64_C(1) << 20)
#define SIZE   (16 * MIB)
#define ROOT   UINT64_C(0x2000)
#define PHYS   (4 * MIB)
#define BASE   UINT64_C(0xffffffff9ac00000)
#define DIRECT UINT64_C(0xffff9a4140000000)
#define BANNER "Linux version 6.1.2-test (a@b) #1 SMP\n"
/* In the image, counted from its begin: constants, then variables. */
#define DATA	 (6 * MIB)
#define HEAD	 (DATA + 0x100)
#define ARRAY_AT (DATA + 0x200)
#define COMM	 (DATA + 0x308)
#define TABLE	 (DATA + 0x3000)
/* Entries of the list, and the CPUs' areas. */
#define ENTRY(i) (DIRECT + 0x100000 + (i)*0x200)
#define AREA(i)	 (DIRECT + 0x200000 + (i)*0x20000)

struct guest {
	struct fake_target target;
	struct fake_tables tables;
	struct target *memory;
};

static void put(struct guest *guest, uint64_t at, const void *bytes, size_t size)
{
	memcpy(fake_target_at(&guest->target, PHYS + at), bytes, size);
}

static void put_word(struct guest *guest, uint64_t at, uint64_t word)
{
	put(guest, at, &word, sizeof(word));
}

static void put_direct(struct guest *guest, uint64_t address, uint64_t word)
{
	fake_target_set_u64(&guest->target, address - DIRECT, word);
}

/* Three entries, each of which leads on and back. */
static void put_list(struct guest *guest)
{
	for (unsigned i = 0; i < 3; i++) {
		put_direct(guest, ENTRY(i), i == 2 ? BASE + HEAD : ENTRY(i + 1));
		put_direct(guest, ENTRY(i) + 8, i ? ENTRY(i - 1) : BASE + HEAD);
	}
	put_word(guest, HEAD, ENTRY(0));
	put_word(guest, HEAD + 8, ENTRY(2));
	/* Nothing leads back to this one. */
	put_word(guest, HEAD + 0x40, ENTRY(1));
	put_word(guest, HEAD + 0x48, ENTRY(1));
}

static void guest_init(struct guest *guest)
{
	memset(guest, 0, sizeof(*guest));
	fake_target_init(&guest->target, DILL_SPACE_PHYSICAL, 0, SIZE);
	fake_tables_init(&guest->tables, &guest->target, 4, ROOT, 0x10000);
	for (unsigned i = 0; i < 4; i++)
		fake_tables_map(&guest->tables, BASE + i * 2 * MIB, PHYS + i * 2 * MIB, 2,
				i < 2	 ? 0
				: i == 2 ? FAKE_NO_EXECUTE
					 : FAKE_NO_EXECUTE | FAKE_WRITABLE);
	for (uint64_t at = 0; at < SIZE; at += 2 * MIB)
		fake_tables_map(&guest->tables, DIRECT + at, at, 2,
				FAKE_NO_EXECUTE | FAKE_WRITABLE);
	guest->target.registers[0] = (struct dill_registers){.control = 0x80050033,
							     .tables = ROOT,
							     .paging = 0x6b0,
							     .mode = 0xd01,
							     .has_control = true};
	/* In front of the banner lies one without the number of the build. */
	put(guest, 4 * MIB + 0x100, "Linux version 6.1.2-test (a@b) # SMP\n", 38);
	put(guest, 4 * MIB + 0x200, BANNER, sizeof(BANNER));
	put_list(guest);
	put(guest, COMM, "swapper/0", 10);
	put(guest, TABLE, fake_target_at(&guest->target, ROOT), DILL_PAGE_SIZE);
	guest->memory = fake_target_open(&guest->target);
}

static void guest_deinit(struct guest *guest)
{
	fake_target_close(guest->memory);
	fake_target_deinit(&guest->target);
}

static struct kernel *open_kernel(struct guest *guest)
{
	struct kernel *kernel;

	assert_null(kernel_open(guest->memory, NULL, &kernel));
	assert_false(kernel_symbols_are_complete(kernel));
	assert_false(kernel_has_symbols(kernel));
	return kernel;
}

static void test_facts(void **state)
{
	const dill_virt *found;
	struct kernel *kernel;
	struct guest guest;
	size_t count;
	bool has;

	(void)state;
	guest_init(&guest);
	kernel = open_kernel(&guest);
	assert_int_equal(kernel_facts(kernel)->base, BASE);
	assert_int_equal(kernel_facts(kernel)->phys_base, PHYS);
	assert_string_equal(kernel_facts(kernel)->banner, "Linux version 6.1.2-test (a@b) #1 SMP");
	assert_non_null(strstr(kernel_facts(kernel)->banner_how, "text"));
	assert_non_null(strstr(kernel_facts(kernel)->symbols_how, "none"));
	assert_int_equal(kernel_memory_map(kernel)->page_offset, DIRECT);
	assert_int_equal(kernel_memory_map(kernel)->direct_size, SIZE);
	assert_int_equal(kernel->vm.tables.root, PHYS + TABLE);
	kernel_list_heads(kernel, &found, &count);
	assert_int_equal(count, 1);
	assert_int_equal(found[0], BASE + HEAD);
	kernel_idle_names(kernel, &found, &count);
	assert_int_equal(count, 1);
	assert_int_equal(found[0], BASE + COMM);
	assert_null(kernel_image_has_text(kernel, "swapper/0", &has));
	assert_true(has);
	assert_null(kernel_image_has_text(kernel, "swapper/1", &has));
	assert_false(has);
	kernel_free(kernel);
	guest_deinit(&guest);
}

/* Without SMP there are no areas. */
static void test_one_cpu(void **state)
{
	struct kernel *kernel;
	struct guest guest;

	(void)state;
	guest_init(&guest);
	guest.target.registers[0].cpu_base = BASE + DATA + 0x800; /* a variable */
	kernel = open_kernel(&guest);
	assert_int_equal(kernel_cpu_limit(kernel), 1);
	assert_int_equal(kernel_percpu_address(kernel, ENTRY(0), 0), ENTRY(0));
	assert_false(kernel_node_limit_is_known(kernel));
	kernel_take_node_limit(kernel, 2);
	assert_int_equal(kernel_node_limit(kernel), 2);
	kernel_free(kernel);
	guest_deinit(&guest);
}

/* Areas by the registers: of four that are possible two CPUs run. A pointer follows the array. */
static void test_cpus_by_registers(void **state)
{
	struct kernel *kernel;
	struct guest guest;

	(void)state;
	guest_init(&guest);
	for (unsigned i = 0; i < 4; i++)
		put_word(&guest, ARRAY_AT + i * 8, AREA(i));
	put_word(&guest, ARRAY_AT + 32, DIRECT + 0x5000);
	guest.target.cpus = 2;
	guest.target.registers[1] = guest.target.registers[0];
	guest.target.registers[0].cpu_base = AREA(0);
	guest.target.registers[1].cpu_base = 0x7f0000001000; /* in user mode */
	guest.target.registers[1].other_base = AREA(1);
	kernel = open_kernel(&guest);
	assert_int_equal(kernel_cpu_limit(kernel), 4);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(kernel_percpu_address(kernel, 0x40, i), AREA(i) + 0x40);
	assert_true(kernel_cpu_possible(kernel, 3));
	assert_true(kernel_cpu_online(kernel, 1));
	assert_false(kernel_cpu_online(kernel, 2));
	kernel_free(kernel);
	guest_deinit(&guest);
}

/* Areas without registers: each holds its own offset, this_cpu_off. */
static void test_cpus_by_selves(void **state)
{
	struct kernel *kernel;
	struct guest guest;

	(void)state;
	guest_init(&guest);
	put_word(&guest, ARRAY_AT - 0x80, DIRECT + 0x7000); /* a page, no area */
	for (unsigned i = 0; i < 2; i++) {
		put_word(&guest, ARRAY_AT + i * 8, AREA(i));
		put_direct(&guest, AREA(i) + 0x1238, AREA(i));
	}
	put_word(&guest, ARRAY_AT + 16, DIRECT + 0x5000);
	kernel = open_kernel(&guest);
	assert_int_equal(kernel_cpu_limit(kernel), 2);
	assert_int_equal(kernel_percpu_address(kernel, 0, 1), AREA(1));
	assert_true(kernel_cpu_online(kernel, 1));
	kernel_free(kernel);
	guest_deinit(&guest);
}

/* An image that is not Linux's. */
static void test_no_banner(void **state)
{
	struct kernel *kernel;
	struct dill_error *error;
	struct guest guest;

	(void)state;
	guest_init(&guest);
	put(&guest, 4 * MIB + 0x100, "X", 1);
	put(&guest, 4 * MIB + 0x200, "X", 1);
	error = kernel_open(guest.memory, NULL, &kernel);
	assert_non_null(error);
	assert_non_null(strstr(dill_error_text(error), "not Linux"));
	dill_error_free(error);
	guest_deinit(&guest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_one_cpu),
		cmocka_unit_test(test_cpus_by_registers),
		cmocka_unit_test(test_cpus_by_selves),
		cmocka_unit_test(test_no_banner),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
