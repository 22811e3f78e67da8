/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "target/qemu_map.h"

#define RANGE_4G "  0000000100000000-000000017fffffff (prio 0, ram): m1 @0000000040000000\r\n"

static const char healthy[] =
	"FlatView #0\r\n AS \"I/O\", root: io\r\n Root memory region: io\r\n"
	"  0000000000000000-0000000000000007 (prio 0, i/o): dma-chan\r\n"
	"\r\nFlatView #1\r\n AS \"cpu-smm-0\", root: memory\r\n"
	"  0000000000000000-00000000ffffffff (prio 0, ram): not this one\r\n"
	"\r\nFlatView #2\r\n AS \"cpu-memory-0\", root: system\r\n AS \"memory\", root: system\r\n"
	" Root memory region: system\r\n"
	"  0000000000000000-000000000009f7ff (prio 0, ram): m0\r\n"
	"  000000000009f800-000000000009ffff (prio 0, rom): m0 @000000000009f800\r\n"
	"  00000000000a0000-00000000000bffff (prio 1, i/o): vga-lowmem\r\n"
	"  00000000000c0000-00000000000c87ff (prio 0, ram): m0 @00000000000c0000\r\n"
	"  0000000000100000-000000003fffffff (prio 0, ram): m0 @0000000000100000 KVM\r\n"
	"  0000000040000000-000000007fffffff (prio 0, ram): m1\r\n"
	"  00000000fd000000-00000000fdffffff (prio 1, ramd): vfio\r\n"
	"  00000000fee00000-00000000feefffff (prio 4096, i/o): apic-msi\r\n"
	"  00000000fffc0000-00000000ffffffff (prio 0, romd): pc.bios\r\n" RANGE_4G
	"\r\nFlatView #3\r\n AS \"memory\", root: system\r\n"
	"  0000000200000000-00000002ffffffff (prio 0, ram): nor this one\r\n";

static struct dill_error *parse(const char *text, struct qemu_map *ret)
{
	*ret = (struct qemu_map){0};
	return qemu_map_parse((struct span){(const uint8_t *)text, strlen(text)}, ret);
}

static void test_memory_is_told_from_devices(void **state)
{
	(void)state;
	struct qemu_map map;

	assert_null(parse(healthy, &map));
	assert_int_equal(map.ranges.count, 7);
	assert_true(qemu_map_holds(&map, 0));
	assert_true(qemu_map_holds(&map, 0x9f000)); /* in two ranges */
	assert_false(qemu_map_holds(&map, 0xa0000));
	assert_true(qemu_map_holds(&map, 0xc7000));
	assert_false(qemu_map_holds(&map, 0xc8000)); /* in part */
	assert_false(qemu_map_holds(&map, 0xff000));
	assert_true(qemu_map_holds(&map, 0x3ffff000));
	assert_true(qemu_map_holds(&map, 0x40000000));
	assert_false(qemu_map_holds(&map, 0x80000000));
	assert_false(qemu_map_holds(&map, 0xfd000000)); /* a device's RAM */
	assert_false(qemu_map_holds(&map, 0xfee00000));
	assert_true(qemu_map_holds(&map, 0xfffff000));
	assert_true(qemu_map_holds(&map, 0x17ffff000));
	assert_false(qemu_map_holds(&map, 0x180000000));
	assert_false(qemu_map_holds(&map, ~0xfffull));
	assert_false(map.ranges.items[1].is_ram);
	assert_true(map.ranges.items[6].is_ram);
	array_free(&map.ranges);
}

static void test_forged(void **state)
{
	(void)state;
	static const char *const forged[] = {
		"",
		"unknown command: 'info mtree'\r\n",
		"FlatView #0\r\n AS \"memory\", root: system\r\n",
		"FlatView #0\n AS \"memory\", root: system\n  10-f (prio 0, ram): x\n",
		"FlatView #0\n AS \"memory\", root: system\n  0-ff (prio 0, ram): x\n  ff-fff "
		"(prio 0, ram): x\n",
		"FlatView #0\n AS \"memory\", root: system\n  0-fffffffffffffffff (prio 0, ram): "
		"x\n",
		"FlatView #0\n AS \"memory\", root: system\n  0-ff (prio 0 ram): x\n",
		"FlatView #0\n AS \"memory\", root: system\n  0-ff",
	};
	struct qemu_map map;

	for (size_t i = 0; i < sizeof(forged) / sizeof(forged[0]); i++) {
		struct dill_error *error = parse(forged[i], &map);

		assert_non_null(error);
		assert_int_equal(dill_error_code(error), DILL_ERROR_BAD_DATA);
		dill_error_free(error);
		array_free(&map.ranges);
	}
}

static void test_last_page_of_all(void **state)
{
	(void)state;
	struct qemu_map map;

	assert_null(parse("FlatView #0\n AS \"memory\", root: system\n"
			  "  fffffffffffff000-ffffffffffffffff (prio 0, ram): x\n",
			  &map));
	assert_true(qemu_map_holds(&map, ~0xfffull));
	assert_false(qemu_map_holds(&map, 0));
	array_free(&map.ranges);
}

static bool host_address(const char *text, uint64_t *ret)
{
	return qemu_host_address_parse((struct span){(const uint8_t *)text, strlen(text)}, ret);
}

static void test_host_addresses(void **state)
{
	(void)state;
	uint64_t address = 0;

	assert_true(host_address(
		"Host virtual address for 0x1000000 (pc.ram) is 0x7f91e0e00000\r\n", &address));
	assert_int_equal(address, 0x7f91e0e00000);
	assert_false(host_address("Memory at address 0xfee00000 is not RAM\r\n", &address));
	assert_false(host_address("No memory is mapped at address 0x700000000000\r\n", &address));
	assert_false(host_address("Host virtual address for 0x1 (m) is 0x", &address));
	assert_false(host_address("(x) is 0x12", &address));
	assert_false(host_address("", &address));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory_is_told_from_devices),
		cmocka_unit_test(test_forged),
		cmocka_unit_test(test_last_page_of_all),
		cmocka_unit_test(test_host_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
