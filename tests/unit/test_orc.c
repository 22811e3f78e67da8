/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "btf_image.h"
#include "symbols/orc.h"

/* Where the made-up table lies, and the code that it describes: behind and before it. */
#define TABLE UINT64_C(0xffffffff82000000)
#define CODE  UINT64_C(0xffffffff81000000)
#define MANY  100u

/* Kinds of kernels. */
enum era {
	FIRST,	     /* to 6.2 */
	WITH_SIGNAL, /* 6.3 */
	WITHOUT_END, /* since 6.4 */
};

struct fixture {
	struct orc_layout layout;
	struct orc_table table;
	int32_t distances[MANY];
	uint8_t entries[MANY * 6];
};

/* struct orc_entry as in a kernel of that time. */
static struct types *make_types(enum era era, const char *without)
{
	static const struct {
		const char *name;
		uint32_t bit, size;
		enum era first, last;
	} members[] = {
		{"sp_offset", 0, 16, FIRST, WITHOUT_END},
		{"bp_offset", 16, 16, FIRST, WITHOUT_END},
		{"sp_reg", 32, 4, FIRST, WITHOUT_END},
		{"bp_reg", 36, 4, FIRST, WITHOUT_END},
		{"type", 40, 2, FIRST, WITH_SIGNAL},
		{"type", 40, 3, WITHOUT_END, WITHOUT_END},
		{"signal", 42, 1, WITH_SIGNAL, WITH_SIGNAL},
		{"signal", 43, 1, WITHOUT_END, WITHOUT_END},
		{"end", 42, 1, FIRST, FIRST},
		{"end", 43, 1, WITH_SIGNAL, WITH_SIGNAL},
	};
	struct btf_image image = {0};
	uint32_t word = btf_image_int(&image, "unsigned int", 4, 0), count = 0;

	for (size_t pass = 0; pass < 2; pass++) {
		if (pass)
			btf_image_bits(&image, "orc_entry", 6, count);
		for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++) {
			if (era < members[i].first || era > members[i].last ||
			    (without && !strcmp(members[i].name, without)))
				continue;
			count++;
			if (pass)
				btf_image_member(&image, members[i].name, word, members[i].bit,
						 members[i].size);
		}
	}
	return btf_image_open(&image);
}

static void setup(struct fixture *f, enum era era)
{
	struct types *types = make_types(era, NULL);

	memset(f, 0, sizeof(*f));
	assert_null(orc_layout_find(types, &f->layout));
	types_free(types);
	f->table.address = TABLE;
	f->table.distances = (struct span){(const uint8_t *)f->distances, sizeof(f->distances)};
	f->table.entries = (struct span){f->entries, sizeof(f->entries)};
}

/* Append an entry; @p flags is what follows the two registers. */
static void add(struct fixture *f, uint64_t ip, int16_t sp_offset, int16_t bp_offset, unsigned sp,
		unsigned bp, unsigned flags)
{
	size_t i = f->table.count++;
	uint16_t word = (uint16_t)(sp | bp << 4 | flags << 8);

	f->distances[i] = (int32_t)(int64_t)(ip - (TABLE + 4 * i));
	memcpy(f->entries + 6 * i, &sp_offset, 2);
	memcpy(f->entries + 6 * i + 2, &bp_offset, 2);
	memcpy(f->entries + 6 * i + 4, &word, 2);
}

static struct orc_entry find(const struct fixture *f, uint64_t ip)
{
	struct orc_entry entry;

	assert_true(orc_find(&f->layout, &f->table, ip, &entry));
	return entry;
}

static void test_lookup(void **state)
{
	struct fixture f;
	struct orc_entry entry;

	(void)state;
	setup(&f, WITHOUT_END);
	assert_false(orc_find(&f.layout, &f.table, CODE, &entry));
	for (unsigned i = 0; i < MANY; i++)
		add(&f, CODE + 16 * i, (int16_t)(i + 1), 0, 5, 0, 2);
	assert_false(orc_find(&f.layout, &f.table, CODE - 1, &entry));
	assert_false(orc_find(&f.layout, &f.table, 0, &entry));
	for (unsigned i = 0; i < MANY; i++) {
		assert_int_equal(find(&f, CODE + 16 * i).sp_offset, i + 1);
		assert_int_equal(find(&f, CODE + 16 * i + 15).sp_offset, i + 1);
	}
	assert_int_equal(find(&f, UINT64_MAX).sp_offset, MANY);
}

/* In no order: found or not, but in bounds. */
static void test_lookup_disorder(void **state)
{
	struct fixture f;
	struct orc_entry entry;

	(void)state;
	setup(&f, WITHOUT_END);
	for (unsigned i = 0; i < MANY; i++)
		add(&f, CODE + 16 * (i * 37 % MANY), (int16_t)(i + 1), 0, 5, 0, 2);
	for (unsigned i = 0; i < 16 * MANY; i++)
		if (orc_find(&f.layout, &f.table, CODE + i, &entry))
			assert_in_range(entry.sp_offset, 1, MANY);
}

static void test_entry_first(void **state)
{
	struct fixture f;
	struct orc_entry entry;

	(void)state;
	setup(&f, FIRST);
	add(&f, CODE, 16, -16, 4, 1, 0);
	add(&f, CODE + 1, 0, 0, 5, 0, 1);
	add(&f, CODE + 2, 8, 0, 5, 0, 2);
	add(&f, CODE + 3, 0, 0, 0, 0, 4);
	add(&f, CODE + 4, 0, 0, 0, 0, 0);
	add(&f, CODE + 5, 0, 0, 5, 0, 3);
	entry = find(&f, CODE);
	assert_int_equal(entry.type, ORC_CALL);
	assert_int_equal(entry.sp_register, ORC_REG_BP);
	assert_int_equal(entry.bp_register, ORC_REG_PREV_SP);
	assert_int_equal(entry.sp_offset, 16);
	assert_int_equal(entry.bp_offset, -16);
	assert_false(entry.is_signal);
	assert_int_equal(find(&f, CODE + 1).type, ORC_REGS);
	assert_true(find(&f, CODE + 1).is_signal);
	assert_int_equal(find(&f, CODE + 2).type, ORC_REGS_PARTIAL);
	assert_true(find(&f, CODE + 2).is_signal);
	assert_int_equal(find(&f, CODE + 3).type, ORC_END);
	assert_int_equal(find(&f, CODE + 4).type, ORC_UNDEFINED);
	assert_int_equal(find(&f, CODE + 5).type, ORC_UNDEFINED);
}

static void test_entry_signal(void **state)
{
	struct fixture f;

	(void)state;
	setup(&f, WITH_SIGNAL);
	add(&f, CODE, 8, 0, 5, 0, 0);
	add(&f, CODE + 1, 8, 0, 5, 0, 4);
	add(&f, CODE + 2, 8, 0, 5, 0, 1);
	add(&f, CODE + 3, 0, 0, 0, 0, 8);
	assert_false(find(&f, CODE).is_signal);
	assert_true(find(&f, CODE + 1).is_signal);
	assert_int_equal(find(&f, CODE + 1).type, ORC_CALL);
	assert_false(find(&f, CODE + 2).is_signal);
	assert_int_equal(find(&f, CODE + 3).type, ORC_END);
}

static void test_entry_without_end(void **state)
{
	static const enum orc_type types[] = {ORC_UNDEFINED, ORC_END,	       ORC_CALL,
					      ORC_REGS,	     ORC_REGS_PARTIAL, ORC_UNDEFINED};
	struct fixture f;

	(void)state;
	setup(&f, WITHOUT_END);
	for (unsigned i = 0; i < 6; i++)
		add(&f, CODE + i, 0, 0, 5, 0, i);
	add(&f, CODE + 6, 0, 0, 5, 0, 2 | 8);
	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(find(&f, CODE + i).type, types[i]);
	assert_true(find(&f, CODE + 6).is_signal);
}

/* What most entries name is the stack pointer. */
static void test_numbering(void **state)
{
	struct fixture f;
	struct dill_error *error;

	(void)state;
	for (unsigned sp = 0; sp < 16; sp++) {
		setup(&f, WITHOUT_END);
		for (unsigned i = 0; i < 10; i++)
			add(&f, CODE + i, 8, 0, sp, 0, 2);
		for (unsigned i = 10; i < 40; i++)
			add(&f, CODE + i, 0, 0, 0, 0, 0); /* nothing is known */
		add(&f, CODE + 40, 16, -16, 4, sp == 3 ? 8 : 1, 2);
		add(&f, CODE + 41, 0, 0, sp == 3 ? 10 : 8, 4, 2);
		error = orc_layout_number(&f.layout, &f.table);
		assert_true(!error == (sp == 3 || sp == 5));
		if (error) {
			assert_int_equal(dill_error_code(error), DILL_ERROR_UNSUPPORTED);
			dill_error_free(error);
			continue;
		}
		assert_int_equal(find(&f, CODE).sp_register, ORC_REG_SP);
		assert_int_equal(find(&f, CODE + 40).sp_register, ORC_REG_BP);
		assert_int_equal(find(&f, CODE + 40).bp_register, ORC_REG_PREV_SP);
		assert_int_equal(find(&f, CODE + 41).sp_register, ORC_REG_BP_INDIRECT);
	}
}

static void test_layout_missing(void **state)
{
	static const char *const members[] = {"sp_offset", "bp_offset", "sp_reg", "bp_reg", "type"};
	struct orc_layout layout;

	(void)state;
	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++) {
		struct types *types = make_types(WITHOUT_END, members[i]);
		struct dill_error *error = orc_layout_find(types, &layout);

		assert_int_equal(dill_error_code(error), DILL_ERROR_UNSUPPORTED);
		dill_error_free(error);
		types_free(types);
	}
}

/* One that is larger than what an entry is read as, or has no bytes. */
static void test_layout_size(void **state)
{
	static const uint32_t sizes[] = {0, 9, UINT32_MAX};
	struct orc_layout layout;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		static const char *const members[] = {"sp_offset", "bp_offset", "sp_reg", "bp_reg",
						      "type"};
		struct btf_image image = {0};
		uint32_t word = btf_image_int(&image, "short", 2, 0);
		struct types *types;
		struct dill_error *error;

		btf_image_struct(&image, BTF_STRUCT, "orc_entry", sizes[i], 5);
		for (size_t j = 0; j < 5; j++)
			btf_image_member(&image, members[j], word, 0, 0);
		types = btf_image_open(&image);
		error = orc_layout_find(types, &layout);
		assert_non_null(error);
		assert_int_equal(dill_error_code(error), DILL_ERROR_UNSUPPORTED);
		dill_error_free(error);
		types_free(types);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lookup),
		cmocka_unit_test(test_lookup_disorder),
		cmocka_unit_test(test_entry_first),
		cmocka_unit_test(test_entry_signal),
		cmocka_unit_test(test_entry_without_end),
		cmocka_unit_test(test_numbering),
		cmocka_unit_test(test_layout_missing),
		cmocka_unit_test(test_layout_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
