/* SPDX-License-Identifier: MIT */
/* Dumps in several files, and files of memory that lack what the machine had no memory for. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "core_image.h"
#include "target/core_load.h"
#include "target/core_map.h"

#define PAGE DILL_PAGE_SIZE
#define MIB  (UINT64_C(1) << 20)
#define GIB  (UINT64_C(1) << 30)

/* --- files in a folder that is gone behind each test --- */

static char folder[] = "/tmp/dill-set-XXXXXX";

static const char *name_of(const char *name)
{
	static char names[8][300];
	static unsigned next;
	char *path = names[next++ % 8];

	snprintf(path, sizeof(*names), "%s/%s", folder, name);
	return path;
}

static const char *write_file(const char *name, const void *bytes, size_t size)
{
	const char *path = name_of(name);
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	fclose(file);
	return path;
}

static const char *write_image(const char *name, struct core_image image)
{
	const char *path = write_file(name, image.bytes, image.size);

	core_image_deinit(&image);
	return path;
}

static int make_folder(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/dill-set-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	DIR *open = opendir(folder);
	const struct dirent *entry;

	(void)state;
	while ((entry = readdir(open)))
		unlink(name_of(entry->d_name));
	closedir(open);
	return rmdir(folder);
}

static struct dill_error *load(struct core *core, const char *map, size_t count, ...)
{
	const char *paths[8];
	va_list list;

	va_start(list, count);
	for (size_t i = 0; i < count; i++)
		paths[i] = va_arg(list, const char *);
	va_end(list);
	*core = (struct core){.memory_map = map};
	return core_load(core, paths, count);
}

static void expect_error(struct dill_error *error, const char *reason)
{
	if (!error || !strstr(dill_error_text(error), reason))
		fail_msg("\"%s\" instead of \"%s\"", error ? dill_error_text(error) : "no error",
			 reason);
	dill_error_free(error);
}

/* --- several files --- */

static void check_all(const struct core *core)
{
	struct core_reader *reader;

	assert_null(core_reader_new(&reader));
	for (unsigned number = 0; number < CORE_IMAGE_PAGES; number++) {
		uint8_t expected[PAGE], page[PAGE];
		enum core_page what = core_image_page(number, expected);

		assert_int_equal(core->kind->read(core, reader, (dill_phys)number * PAGE, page),
				 what);
		if (what == CORE_PAGE_READ)
			assert_memory_equal(page, expected, PAGE);
	}
	core_reader_free(reader);
	assert_int_equal(core->cpus.count, 2);
	assert_int_equal(core->vmcoreinfo_size, strlen(CORE_IMAGE_INFO));
}

/* Of whole pages, and of any size. */
static void test_pieces(void **state)
{
	static const size_t sizes[] = {700 * PAGE, 700 * PAGE + 13};

	(void)state;
	for (size_t kind = 0; kind < 2; kind++)
		for (size_t i = 0; i < 2; i++) {
			struct core_image image =
				kind ? core_image_elf() : core_image_kdump(CORE_PACKED_LZO);
			size_t part = sizes[i] < image.size / 3 ? sizes[i] : 100 * PAGE + i;
			const char *one = write_file("one", image.bytes, part);
			const char *two = write_file("two", image.bytes + part, part);
			const char *three =
				write_file("three", image.bytes + 2 * part, image.size - 2 * part);
			struct core core;

			assert_null(load(&core, NULL, 3, one, two, three));
			check_all(&core);
			core_deinit(&core);
			core_image_deinit(&image);
		}
}

static void test_parts(void **state)
{
	const char *one = write_image("c", core_image_part(CORE_PACKED_ZLIB, 0, 1000));
	const char *two = write_image("a", core_image_part(CORE_PACKED_ZLIB, 1000, 1003));
	const char *three =
		write_image("b", core_image_part(CORE_PACKED_ZLIB, 1003, CORE_IMAGE_PAGES));
	struct core core;

	(void)state;
	/* Something else in the folder, and a part of another dump. */
	write_image("d", core_image_elf());
	write_image("e", core_image_part(CORE_PACKED_ZSTD, 0, 500));
	assert_null(load(&core, NULL, 3, three, one, two));
	check_all(&core);
	core_deinit(&core);
	assert_null(load(&core, NULL, 1, two));
	check_all(&core);
	core_deinit(&core);
	unlink(two);
	expect_error(load(&core, NULL, 1, one), "the part with page 0x3e8 is missing");
	core_deinit(&core);
	expect_error(load(&core, NULL, 2, one, name_of("nosuch")), "nosuch");
	core_deinit(&core);
}

/* Two ELF dumps that contradict each other: the first counts. */
static void test_elf_parts(void **state)
{
	const char *one = write_image("one", core_image_elf());
	const char *two = write_image("two", core_image_part(0, 0, CORE_IMAGE_PAGES));
	struct core core;

	(void)state;
	assert_null(load(&core, NULL, 2, one, two));
	check_all(&core);
	core_deinit(&core);
	expect_error(load(&core, NULL, 2, write_file("text", "no dump", 7), one),
		     "no parts of one");
	core_deinit(&core);
	expect_error(load(&core, "0:1M", 2, one, two), "no parts of one");
	core_deinit(&core);
}

/* --- VMware --- */

static void check_vmware(const struct core *core)
{
	static const struct {
		dill_phys page;
		int filled;
	} pages[] = {
		{0, 1}, {15, 16}, {CORE_IMAGE_VMWARE_HIGH, 17}, {CORE_IMAGE_VMWARE_HIGH + 7, 24}};
	const dill_phys none[] = {16, CORE_IMAGE_VMWARE_HIGH - 1, CORE_IMAGE_VMWARE_HIGH + 8};
	uint8_t page[PAGE], expected[PAGE];

	for (size_t i = 0; i < sizeof(pages) / sizeof(*pages); i++) {
		memset(expected, pages[i].filled, PAGE);
		assert_int_equal(core->kind->read(core, NULL, pages[i].page * PAGE, page),
				 CORE_PAGE_READ);
		assert_memory_equal(page, expected, PAGE);
	}
	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
		assert_int_equal(core->kind->read(core, NULL, none[i] * PAGE, page),
				 CORE_PAGE_NO_RAM);
	assert_int_equal(core->cpus.count, 1);
	assert_true(core->cpus.items[0].registers.has_control);
	assert_int_equal(core->cpus.items[0].registers.tables, CORE_IMAGE_CR3);
	assert_int_equal(core->cpus.items[0].registers.privilege & 3, 0);
}

static void test_vmware(void **state)
{
	uint8_t memory[CORE_IMAGE_VMWARE_PAGES * PAGE];
	const char *inside = write_image("inside.vmss", core_image_vmware(true));
	const char *meta = write_image("a.b.vmsn", core_image_vmware(false)), *vmem;
	struct core core;

	(void)state;
	for (unsigned i = 0; i < CORE_IMAGE_VMWARE_PAGES; i++)
		memset(memory + (size_t)i * PAGE, (int)i + 1, PAGE);
	assert_null(load(&core, NULL, 1, inside));
	check_vmware(&core);
	core_deinit(&core);
	expect_error(load(&core, NULL, 1, meta), "whose memory is in a .vmem");
	core_deinit(&core);
	vmem = write_file("a.b.vmem", memory, sizeof(memory));
	assert_null(load(&core, NULL, 1, meta));
	check_vmware(&core);
	core_deinit(&core);
	assert_null(load(&core, NULL, 1, vmem));
	check_vmware(&core);
	core_deinit(&core);
	vmem = write_file("elsewhere", memory, sizeof(memory));
	assert_null(load(&core, NULL, 2, vmem, meta));
	check_vmware(&core);
	core_deinit(&core);
}

/* --- raw memory --- */

struct entry {
	uint64_t address, size;
	uint32_t type;
} __attribute__((packed));

/* A machine with 8 MiB below its hole and 4 MiB above, as its BIOS tells it. */
static const struct entry split_table[] = {
	{0, 0x9fc00, 1},
	{0x9fc00, 0x400, 2},
	{0xf0000, 0x10000, 2},
	{MIB, 7 * MIB - 0x20000, 1},
	{8 * MIB - 0x20000, 0x20000, 2},
	{4 * GIB - MIB, MIB, 2},
	{4 * GIB, 4 * MIB, 1},
};

/* A file of @size with the table at @at, where nothing else is. */
static const char *write_memory(size_t size, size_t at, const struct entry *table, size_t bytes)
{
	const char *path = write_file("memory", "", 0);
	FILE *file = fopen(path, "r+b");

	assert_non_null(file);
	assert_int_equal(fseek(file, (long)at, SEEK_SET), 0);
	assert_int_equal(fwrite(table, 1, bytes, file), bytes);
	fclose(file);
	assert_int_equal(truncate(path, (off_t)size), 0);
	return path;
}

static void expect_at(const struct core *core, dill_phys address, uint64_t source)
{
	const struct extent *extent = extents_holder(&core->ram, address);

	assert_non_null(extent);
	assert_int_equal(extent->source + (address - extent->start), source);
}

static void test_without_hole(void **state)
{
	struct core core;

	(void)state;
	/* 4 bytes into a word: as in struct e820_table. */
	assert_null(load(&core, NULL, 1,
			 write_memory(12 * MIB, 5 * MIB + 4, split_table, sizeof(split_table))));
	expect_at(&core, 8 * MIB - 1, 8 * MIB - 1);
	expect_at(&core, 4 * GIB, 8 * MIB);
	expect_at(&core, 4 * GIB + 4 * MIB - 1, 12 * MIB - 1);
	assert_null(extents_holder(&core.ram, 8 * MIB));
	assert_non_null(core.how);
	core_deinit(&core);
	/* RAM alone, without the kernel's first page. */
	assert_null(load(&core, NULL, 1,
			 write_memory(0x9ec00 + 7 * MIB - 0x20000 + 4 * MIB, 5 * MIB, split_table,
				      sizeof(split_table))));
	expect_at(&core, 0x1000, 0);
	expect_at(&core, MIB, 0x9ec00);
	expect_at(&core, 4 * GIB, 0x9ec00 + 7 * MIB - 0x20000);
	core_deinit(&core);
}

static void expect_as_it_is(size_t size, const struct entry *table, size_t bytes)
{
	struct core core;

	assert_null(load(&core, NULL, 1, write_memory(size, MIB, table, bytes)));
	assert_int_equal(core.ram.list.count, 1);
	expect_at(&core, 9 * MIB, 9 * MIB);
	assert_null(core.how);
	core_deinit(&core);
}

/* Tables that do not fit the file, are of another machine, or none at all. */
static void test_as_it_is(void **state)
{
	struct entry forged[sizeof(split_table) / sizeof(*split_table)];

	(void)state;
	expect_as_it_is(300 * MIB, split_table, sizeof(split_table)); /* cut: no such split */
	expect_as_it_is(12 * MIB + 4096, split_table, sizeof(split_table));
	expect_as_it_is(11 * MIB - 4096, split_table, sizeof(split_table));
	expect_as_it_is(12 * MIB, split_table, 3 * sizeof(*split_table));
	for (size_t i = 0; i < 3; i++) {
		memcpy(forged, split_table, sizeof(forged));
		if (i == 0)
			forged[6].size = UINT64_MAX - GIB;
		else if (i == 1)
			forged[3].address = 0;
		else
			forged[6].address = 5 * MIB;
		expect_as_it_is(12 * MIB, forged, sizeof(forged));
	}
}

static void test_given_map(void **state)
{
	static const struct {
		const char *text, *reason;
	} wrong[] = {
		{"", "is no memory map"},
		{"0", "is no memory map"},
		{"0:", "is no memory map"},
		{"0:0", "is no memory map"},
		{"0:1M,", "is no memory map"},
		{"0:1M;4G:1M", "is no memory map"},
		{"-1:1M", "is no memory map"},
		{"0:1Q", "is no memory map"},
		{"0:99999999999999999999", "is no memory map"},
		{"0:16777216T", "is no memory map"},
		{"0:13M", "which has"},
		{"0:1M:12M", "which has"},
		{"0:8M,4G:5M", "which has"},
		{"0xffffffffffffffff:1M", "ends past the last address"},
	};
	const char *path = write_memory(12 * MIB, MIB, split_table, 20);
	struct core core;

	(void)state;
	assert_null(load(&core, "0:8M,4G:0x400000", 1, path));
	expect_at(&core, 4 * GIB + 1, 8 * MIB + 1);
	core_deinit(&core);
	assert_null(load(&core, "1g:4096k:1m", 1, path));
	expect_at(&core, GIB, MIB);
	assert_null(extents_holder(&core.ram, 0));
	core_deinit(&core);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		expect_error(load(&core, wrong[i].text, 1, path), wrong[i].reason);
		core_deinit(&core);
	}
	expect_error(load(&core, "0:1M", 1, write_image("elf", core_image_elf())),
		     "for raw memory");
	core_deinit(&core);
}

/* --- what is not read --- */

static void test_foreign(void **state)
{
	static const struct {
		unsigned offset;
		const char *begin, *says;
	} files[] = {
		{0, "PAGEDU64", "Windows"},
		{0, "QEVM", "dump-guest-memory"},
		{0, "\x7fVirtualBox SavedState V2.0\n", "dumpvmcore"},
		{0, "LibvirtQemudSave", "virsh dump --memory-only"},
		{0, "Xen saved domain, xl format", "kdump within it"},
		{0, "HyperVStorage", "Hyper-V"},
		{0, "\x28\xb5\x2f\xfd", "zstd"},
		{0, "LUKS\xba\xbe", "cryptsetup"},
		{4086, "S1SUSPEND", "hibernated"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		uint8_t bytes[2 * PAGE] = {0};
		struct core core;

		memcpy(bytes + files[i].offset, files[i].begin, strlen(files[i].begin));
		expect_error(load(&core, NULL, 1, write_file("foreign", bytes, sizeof(bytes))),
			     files[i].says);
		core_deinit(&core);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_pieces, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_parts, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_elf_parts, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_vmware, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_without_hole, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_as_it_is, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_given_map, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(test_foreign, make_folder, remove_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
