/* SPDX-License-Identifier: MIT */
/* Dumps: every kind gives back what was put in; damaged ones are refused, or lack pages. */
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core_image.h"
#include "target/target.h"

/* Random damages of one dump, and bytes changed in each. */
#define DAMAGES	    70u
#define DAMAGED_MAX 6u

static const unsigned packings[] = {0, CORE_PACKED_ZLIB, CORE_PACKED_LZO, CORE_PACKED_SNAPPY,
				    CORE_PACKED_ZSTD};
#define PACKINGS (sizeof(packings) / sizeof(*packings))

/* A dump of each kind and packing. */
#define KINDS (PACKINGS + 3)
static struct core_image image_of_kind(size_t kind)
{
	switch (kind) {
	case PACKINGS:
		return core_image_elf();
	case PACKINGS + 1:
		return core_image_lime();
	case PACKINGS + 2:
		return core_image_avml();
	default:
		return core_image_kdump(packings[kind]);
	}
}

/* The same, and those that hold other pages. */
#define DAMAGED_KINDS (KINDS + 1)
static struct core_image image_to_damage(size_t kind)
{
	return kind < KINDS ? image_of_kind(kind) : core_image_vmware(true);
}

static struct dill_error *parse(const struct core_image *image, struct core *ret)
{
	struct dill_error *error;

	*ret = (struct core){0};
	error = core_file_init((struct span){image->bytes, image->size}, &ret->file);
	return error ? error : core_parse(ret);
}

/* --- ranges --- */

#define PLACES 300u

/* Ranges at random against an array that says for each place where it lies. */
static void test_extents(void **state)
{
	(void)state;
	for (uint64_t run = 0; run < 2000; run++) {
		struct dice dice = dice_of_run(2, run);
		enum extents_order order = run % 2 ? EXTENTS_FIRST_COUNTS : EXTENTS_LAST_COUNTS;
		uint64_t expected[PLACES] = {0};
		struct extents extents = {0};

		for (size_t i = dice_pick(&dice, 20); i; i--) {
			uint64_t start = dice_pick(&dice, PLACES), source = 1000 * i;
			uint64_t size = dice_pick(&dice, PLACES - start);

			assert_null(extents_add(&extents, start, size, source));
			for (uint64_t at = start; at < start + size; at++)
				if (order == EXTENTS_LAST_COUNTS || !expected[at])
					expected[at] = source + (at - start);
		}
		assert_null(extents_settle(&extents, order));
		for (uint64_t at = 0; at < PLACES; at++) {
			const struct extent *found = extents_find(&extents, at);

			if (expected[at]) {
				assert_non_null(found);
				assert_int_equal(found->source + (at - found->start), expected[at]);
			} else {
				assert_true(!found || found->start > at);
			}
		}
		for (size_t i = 1; i < extents.list.count; i++)
			assert_true(extents.list.items[i].start >=
				    extents.list.items[i - 1].start +
					    extents.list.items[i - 1].size);
		extents_deinit(&extents);
	}
}

static void test_extents_at_the_end(void **state)
{
	struct extents extents = {0};
	struct dill_error *error;

	(void)state;
	assert_null(extents_add(&extents, UINT64_MAX - 9, 9, 0));
	error = extents_add(&extents, UINT64_MAX - 9, 10, 0);
	assert_int_equal(dill_error_code(error), DILL_ERROR_BAD_DATA);
	dill_error_free(error);
	error = extents_add(&extents, 0, 10, UINT64_MAX);
	assert_int_equal(dill_error_code(error), DILL_ERROR_BAD_DATA);
	dill_error_free(error);
	assert_null(extents_settle(&extents, EXTENTS_FIRST_COUNTS));
	assert_non_null(extents_find(&extents, UINT64_MAX - 1));
	assert_null(extents_find(&extents, UINT64_MAX));
	extents_deinit(&extents);
}

/* --- packing --- */

typedef bool (*unpacker)(struct span packed, uint8_t *to, size_t size);

/* What the library packs is unpacked; what is damaged stays in its bounds. */
static void check_unpacker(unsigned packing, unpacker unpack)
{
	for (uint64_t run = 0; run < 3000; run++) {
		struct dice dice = dice_of_run(packing, run);
		size_t size = dice_pick(&dice, run % 3 ? 40 : 9000), packed_size;
		uint8_t *from = malloc(size + 1), *packed = malloc(3 * size + 2 * DILL_PAGE_SIZE);
		uint8_t *to = malloc(size), *exact;
		size_t variety = 1 + dice_pick(&dice, 255), repeat = 1 + dice_pick(&dice, 50);

		for (size_t i = 0; i < size; i++) /* now new, now from some way back */
			from[i] = !i || !dice_pick(&dice, repeat)
					  ? dice_pick(&dice, variety)
					  : from[i - 1 - dice_pick(&dice, run % 2 ? 1 : i)];
		packed_size = core_image_pack(packing, from, size, packed);
		exact = malloc(packed_size);
		memcpy(exact, packed, packed_size);
		assert_true(unpack((struct span){exact, packed_size}, to, size));
		assert_memory_equal(to, from, size);
		assert_false(size && unpack((struct span){exact, packed_size}, to, size - 1));
		for (size_t i = 0; i < 20; i++) {
			exact[dice_pick(&dice, packed_size)] = (uint8_t)dice_roll(&dice);
			(void)unpack((struct span){exact, packed_size}, to, size);
		}
		(void)unpack((struct span){exact, dice_pick(&dice, packed_size)}, to, size);
		free(exact);
		free(to);
		free(packed);
		free(from);
	}
}

static void test_lzo(void **state)
{
	(void)state;
	check_unpacker(CORE_PACKED_LZO, lzo_unpack);
}

static void test_snappy(void **state)
{
	(void)state;
	check_unpacker(CORE_PACKED_SNAPPY, snappy_unpack);
}

/* --- whole dumps --- */

static void check_page(const struct core *core, struct core_reader *reader, unsigned number,
		       bool is_bare)
{
	uint8_t expected[DILL_PAGE_SIZE], page[DILL_PAGE_SIZE];
	dill_phys address = (dill_phys)number * DILL_PAGE_SIZE;
	enum core_page what = core_image_page(number, expected);
	const uint8_t *mapped = core->kind->map(core, address, DILL_PAGE_SIZE);

	if (is_bare && what == CORE_PAGE_LEFT_OUT)
		what = CORE_PAGE_NO_RAM;
	assert_int_equal(core->kind->read(core, reader, address, page), what);
	if (what == CORE_PAGE_READ)
		assert_memory_equal(page, expected, DILL_PAGE_SIZE);
	if (mapped) {
		assert_int_equal(what, CORE_PAGE_READ);
		assert_memory_equal(mapped, expected, DILL_PAGE_SIZE);
	}
}

/* The ranges are the pages that can be read; pages at the edges of ELF segments are whole. */
static void check_ranges(const struct core *core)
{
	uint64_t first, size, from = 0;
	uint8_t page[DILL_PAGE_SIZE];
	unsigned expected = 0, found = 0;

	while (core->kind->next_range(core, from, &first, &size)) {
		assert_true(size && first >= from);
		from = first + size;
		found += size;
		for (uint64_t at = first; at < from; at += DILL_PAGE_SIZE / 2)
			assert_int_equal(core_image_page(at / DILL_PAGE_SIZE, page),
					 CORE_PAGE_READ);
	}
	for (unsigned number = 0; number < (CORE_IMAGE_PAGES + 15) / 16 * 16; number++)
		expected += number * DILL_PAGE_SIZE < from &&
			    core_image_page(number, page) == CORE_PAGE_READ;
	assert_int_equal(found, expected * DILL_PAGE_SIZE);
}

static void check_image(const struct core_image *image)
{
	struct core core;
	struct core_reader *reader;

	assert_null(core_reader_new(&reader));
	assert_null(parse(image, &core));
	for (unsigned number = 0; number < CORE_IMAGE_PAGES; number++)
		check_page(&core, reader, number * 7 % CORE_IMAGE_PAGES, image->is_bare);
	check_ranges(&core);
	assert_false(core.is_incomplete || core.file.is_cut);
	assert_int_equal(core.cpus.count, image->is_bare ? 0 : 2);
	for (size_t i = 0; i < core.cpus.count; i++)
		assert_int_equal(core.cpus.items[i].registers.tables, CORE_IMAGE_CR3);
	if (!image->is_bare) {
		assert_int_equal(core.vmcoreinfo_size, strlen(CORE_IMAGE_INFO));
		assert_memory_equal(core.vmcoreinfo, CORE_IMAGE_INFO, core.vmcoreinfo_size);
	}
	core_deinit(&core);
	core_reader_free(reader);
}

static void test_kinds(void **state)
{
	(void)state;
	for (size_t kind = 0; kind < KINDS; kind++) {
		struct core_image image = image_of_kind(kind);

		check_image(&image);
		core_image_deinit(&image);
	}
}

static void test_flattened(void **state)
{
	(void)state;
	for (size_t kind = 0; kind < KINDS; kind++) {
		struct dice dice = dice_of_run(3, kind);
		struct core_image image = image_of_kind(kind);
		struct core_image flattened = core_image_flatten(&image, &dice);

		check_image(&flattened);
		core_image_deinit(&flattened);
		core_image_deinit(&image);
	}
}

/* --- as a target --- */

static struct dill_error *open_image(const struct core_image *image, struct core_said *said,
				     struct target **ret)
{
	const struct dill_target_ops *ops;
	void *context;
	const struct dill_host host = {.log = core_said_note, .context = said};
	struct dill_error *error = core_image_open(image, &ops, &context);

	return error ? error : target_new(ops, context, &host, ret);
}

static dill_phys address_of(enum core_page wanted)
{
	uint8_t page[DILL_PAGE_SIZE];
	unsigned number = 20;

	while (core_image_page(number, page) != wanted)
		number++;
	return (dill_phys)number * DILL_PAGE_SIZE;
}

/* What was left out is told apart from what never was; it is zeros when nothing else was left out.
 */
static void check_left_out(const struct core_image *image, bool is_zero)
{
	static const uint8_t zeros[DILL_PAGE_SIZE];
	uint8_t page[DILL_PAGE_SIZE];
	struct core_said said = {0};
	struct target *target = NULL;
	struct dill_error *error;

	assert_null(open_image(image, &said, &target));
	assert_null(target_begin(target));
	error = target_read(target, DILL_SPACE_PHYSICAL, address_of(CORE_PAGE_NO_RAM), page, 8);
	assert_int_equal(dill_error_code(error), DILL_ERROR_FAULT);
	dill_error_free(error);
	assert_null(target_end(target));
	assert_int_equal(said.lines, 0);
	assert_null(target_begin(target));
	error = target_read(target, DILL_SPACE_PHYSICAL, address_of(CORE_PAGE_LEFT_OUT), page,
			    sizeof(page));
	assert_int_equal(error == NULL, is_zero);
	if (is_zero)
		assert_memory_equal(page, zeros, sizeof(page));
	dill_error_free(error);
	assert_null(target_end(target));
	assert_int_equal(said.lines, !is_zero);
	if (!is_zero)
		assert_non_null(strstr(said.text, "lacks 1 page that this command asked for"));
	target_free(target);
}

static void test_left_out(void **state)
{
	static const uint8_t levels[] = {0, 1, 30, 31};
	struct core_image image = core_image_kdump(CORE_PACKED_LZO);

	(void)state;
	for (size_t i = 0; i < sizeof(levels); i++) {
		image.bytes[DILL_PAGE_SIZE + 8] = levels[i];
		check_left_out(&image, levels[i] == 1);
	}
	core_image_deinit(&image);
	image = core_image_elf();
	check_left_out(&image, false);
	core_image_deinit(&image);
}

/* Runs that lie in the file are looked at there, over the ends of pages; others are not. */
static void test_map(void **state)
{
	struct core_image image = core_image_elf();
	struct target *target = NULL;
	struct core_said said = {0};
	uint8_t page[DILL_PAGE_SIZE];
	const uint8_t *mapped;

	(void)state;
	assert_null(open_image(&image, &said, &target));
	assert_null(target_begin(target));
	mapped = target_map_phys(target, 10 * DILL_PAGE_SIZE, 4 * DILL_PAGE_SIZE);
	assert_non_null(mapped);
	for (unsigned i = 0; i < 4; i++) {
		core_image_page(10 + i, page);
		assert_memory_equal(mapped + i * DILL_PAGE_SIZE, page, DILL_PAGE_SIZE);
	}
	assert_null(target_map_phys(target, 10 * DILL_PAGE_SIZE, 4 * DILL_PAGE_SIZE + 1));
	assert_null(target_map_phys(target, 9 * DILL_PAGE_SIZE, 1));
	assert_null(target_map_phys(target, 10 * DILL_PAGE_SIZE, SIZE_MAX));
	assert_null(target_end(target));
	target_free(target);
	core_image_deinit(&image);
}

/* --- forged --- */

struct forgery {
	const char *what;
	bool is_elf;
	size_t offset, size;
	uint64_t value;
	const char *reason; /* part of the error */
};

static const struct forgery forgeries[] = {
	{"i386", true, 18, 2, EM_386, "for i386: dill knows x86-64 only"},
	{"arm64", true, 18, 2, EM_AARCH64, "for aarch64 (arm64)"},
	{"riscv64", true, 18, 2, EM_RISCV, "for riscv64"},
	{"s390x", true, 18, 2, EM_S390, "for s390x"},
	{"ppc64le", true, 18, 2, EM_PPC64, "for ppc64le"},
	{"a machine without a name", true, 18, 2, 0xfeed, "for another machine"},
	{"class", true, 4, 1, ELFCLASS32, "ELF"},
	{"type", true, 16, 2, ET_EXEC, "no dump of memory"},
	{"no segments", true, 56, 2, 0, "no program headers"},
	{"segments elsewhere", true, 32, 8, UINT64_MAX - 8, "program headers"},
	{"segment past the end", true, 64 + 56 + 24, 8, UINT64_MAX - 8, "would be"},
	{"huge segment", true, 64 + 3 * 56 + 40, 8, UINT64_MAX, "would be"},
	{"offset past the end", true, 64 + 56 + 8, 8, UINT64_MAX - 8, "ends past"},
	{"arm", false, 12 + 4 * 65, 8, 0x6d7261, "dump of arm: dill knows x86-64 only"},
	{"arm64", false, 12 + 4 * 65, 8, 0x34366863726161, "dump of aarch64 (arm64)"},
	{"block size", false, 428, 4, 512, "blocks of 512 bytes"},
	{"block size 0", false, 428, 4, 0, "blocks of 0 bytes"},
	{"sub header", false, 432, 4, UINT32_MAX, "cut off"},
	{"bitmaps", false, 436, 4, UINT32_MAX, "cut off"},
	{"no bitmaps", false, 436, 4, 0, "too small"},
	{"pages", false, 4096 + 96, 8, UINT64_MAX, "would be of"},
	{"no pages", false, 4096 + 96, 8, 0, "would be of"},
	{"more pages", false, 4096 + 96, 8, 70000, "too small"},
};

static void test_forged_headers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(forgeries) / sizeof(*forgeries); i++) {
		const struct forgery *forgery = &forgeries[i];
		struct core_image image =
			forgery->is_elf ? core_image_elf() : core_image_kdump(CORE_PACKED_ZLIB);
		struct core core;
		struct dill_error *error;

		memcpy(image.bytes + forgery->offset, &forgery->value, forgery->size);
		error = parse(&image, &core);
		if (!error || !strstr(dill_error_text(error), forgery->reason))
			fail_msg("%s: %s", forgery->what,
				 error ? dill_error_text(error) : "was taken");
		dill_error_free(error);
		core_deinit(&core);
		core_image_deinit(&image);
	}
}

/* Whatever notes say of their sizes, those that are whole are read. */
static void test_forged_notes(void **state)
{
	struct core_image image = core_image_kdump(0);
	size_t notes = 2 * DILL_PAGE_SIZE;

	(void)state;
	for (size_t field = 0; field < 8; field += 4)
		for (uint64_t value = 1; value < UINT64_C(1) << 33; value *= 2) {
			uint32_t forged = (uint32_t)(value - 1), right;
			struct core core;

			memcpy(&right, image.bytes + notes + field, sizeof(right));
			memcpy(image.bytes + notes + field, &forged, sizeof(forged));
			assert_null(parse(&image, &core));
			assert_true(core.cpus.count <= 2);
			core_deinit(&core);
			memcpy(image.bytes + notes + field, &right, sizeof(right));
		}
	core_image_deinit(&image);
}

/* Read all there is of a dump that may be anything. */
static void read_all(const struct core_image *image, unsigned *refused)
{
	struct core core;
	struct core_reader *reader;
	uint8_t page[DILL_PAGE_SIZE];
	struct dill_error *error = parse(image, &core);

	assert_null(core_reader_new(&reader));
	if (error) {
		assert_true(strlen(dill_error_text(error)) > 10);
		assert_int_not_equal(dill_error_code(error), DILL_ERROR_NO_MEMORY);
		++*refused;
	}
	for (unsigned number = 0; !error && number < CORE_IMAGE_PAGES; number += 13) {
		dill_phys address = (dill_phys)number * DILL_PAGE_SIZE, first;
		uint64_t size;
		const uint8_t *mapped = core.kind->map(&core, address, 2 * DILL_PAGE_SIZE);

		if (mapped) /* look at both ends */
			page[0] = mapped[0] ^ mapped[2 * DILL_PAGE_SIZE - 1];
		(void)core.kind->read(&core, reader, address, page);
		if (core.kind->next_range(&core, address, &first, &size))
			assert_true(first >= address && size);
	}
	dill_error_free(error);
	core_deinit(&core);
	core_reader_free(reader);
}

/* Where headers, notes, bitmaps and descriptors are, most damages do something. */
static size_t damaged_place(struct dice *dice, size_t size)
{
	size_t part = dice_pick(dice, 3) ? 16 * DILL_PAGE_SIZE : size, place;

	if (dice_pick(dice, 2))
		place = dice_pick(dice, 4) * DILL_PAGE_SIZE + dice_pick(dice, 500);
	else
		place = dice_pick(dice, part);
	return place < size ? place : dice_pick(dice, size);
}

static void damage_and_read(const struct core_image *image, struct dice *dice, unsigned *refused)
{
	size_t size = dice_pick(dice, 3) ? image->size : 1 + dice_pick(dice, image->size);
	struct core_image damaged = {.bytes = malloc(size), .size = size};

	memcpy(damaged.bytes, image->bytes, size);
	for (size_t i = dice_pick(dice, DAMAGED_MAX + 1); i; i--) {
		uint8_t *at = damaged.bytes + damaged_place(dice, size);

		*at = dice_pick(dice, 2) ? *at ^ 1u << dice_pick(dice, 8)
					 : (uint8_t)dice_roll(dice);
	}
	read_all(&damaged, refused);
	core_image_deinit(&damaged);
}

static void test_damaged(void **state)
{
	unsigned refused = 0;

	(void)state;
	for (size_t kind = 0; kind < 2 * DAMAGED_KINDS; kind++) {
		struct dice dice = dice_of_run(4, kind);
		struct core_image image = image_to_damage(kind / 2), flattened = {0};

		if (kind % 2)
			flattened = core_image_flatten(&image, &dice);
		for (unsigned i = 0; i < DAMAGES; i++)
			damage_and_read(kind % 2 ? &flattened : &image, &dice, &refused);
		core_image_deinit(&flattened);
		core_image_deinit(&image);
	}
	assert_true(refused > DAMAGES / 4); /* the damages do reach the headers */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_extents),
		cmocka_unit_test(test_extents_at_the_end),
		cmocka_unit_test(test_lzo),
		cmocka_unit_test(test_snappy),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_flattened),
		cmocka_unit_test(test_left_out),
		cmocka_unit_test(test_map),
		cmocka_unit_test(test_forged_headers),
		cmocka_unit_test(test_forged_notes),
		cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
