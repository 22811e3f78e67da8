/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kallsyms_image.h"
#include "kernel/kallsyms_values.h"

static struct span span_of(const struct kallsyms_image *image)
{
	return (struct span){image->bytes, image->size};
}

/** An error that must be there; returns its code. */
static enum dill_error_code code_of(struct dill_error *error)
{
	enum dill_error_code code;

	assert_non_null(error);
	code = dill_error_code(error);
	dill_error_free(error);
	return code;
}

static struct symbol_table decode(const struct kallsyms_image *image)
{
	struct kallsyms_tables tables;
	struct symbol_table table = {0};

	assert_null(kallsyms_find(span_of(image), image->address, &tables));
	assert_null(kallsyms_decode(span_of(image), image->address, &tables, &table));
	assert_null(symbol_table_index(&table));
	return table;
}

static void assert_tables(const struct kallsyms_image *image)
{
	const struct kallsyms_tables *want = &image->tables;
	struct kallsyms_tables tables;

	assert_null(kallsyms_find(span_of(image), image->address, &tables));
	assert_int_equal(tables.count, want->count);
	assert_int_equal(tables.names, want->names);
	assert_int_equal(tables.markers, want->markers);
	assert_int_equal(tables.token_table, want->token_table);
	assert_int_equal(tables.token_index, want->token_index);
	assert_int_equal(tables.values, want->values);
	assert_int_equal(tables.form, want->form);
	assert_int_equal(tables.base, want->base);
}

/* Every layout, with numbers of symbols and places that make every padding occur. */
static void test_layouts(void **state)
{
	static const uint32_t counts[] = {64, 255, 256, 257, 700, 1025, 5001};

	(void)state;
	for (unsigned layout = 0; layout < LAYOUTS; layout++) {
		for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
			for (size_t padding = 0; padding < 64; padding += 8) {
				struct kallsyms_image image;
				size_t odd = layout == LAYOUT_7_0 ? padding / 2 : padding;

				kallsyms_image_init(&image, layout, counts[i], odd);
				assert_tables(&image);
				kallsyms_image_deinit(&image);
			}
		}
	}
}

/* What lies just in front of the values tells on which side of them the names are. */
static void test_has_tokens(void **state)
{
	(void)state;
	for (unsigned layout = 0; layout < LAYOUTS; layout++) {
		struct kallsyms_image image;
		struct span bytes;

		kallsyms_image_init(&image, layout, 700, 0);
		bytes = (struct span){image.bytes, image.size};
		assert_true(kallsyms_has_tokens(bytes));
		assert_int_equal(kallsyms_has_tokens(span_cut(bytes, 0, image.tables.values)),
				 image.tables.names < image.tables.values);
		assert_false(kallsyms_has_tokens(span_cut(bytes, 0, 0)));
		kallsyms_image_deinit(&image);
	}
}

static void test_symbols(void **state)
{
	(void)state;
	for (unsigned layout = 0; layout < LAYOUTS; layout++) {
		struct kallsyms_image image;
		struct symbol_table table;

		kallsyms_image_init(&image, layout, 1000, 40);
		table = decode(&image);
		assert_int_equal(table.entries.count, 1000);
		for (uint32_t i = 12; i < 1000; i++) {
			const struct symbol_entry *entry = &table.entries.items[i];
			char name[260];

			kallsyms_image_name(i, name);
			assert_string_equal(symbol_table_name(&table, entry), name);
			assert_int_equal(entry->value, kallsyms_image_value(layout, i));
			assert_int_equal(entry->kind, 'T');
			assert_non_null(symbol_table_find(&table, name));
			assert_int_equal(symbol_table_at(&table, entry->value + 1)->value,
					 entry->value);
		}
		assert_null(symbol_table_find(&table, "no_such_symbol"));
		assert_null(symbol_table_find(&table, ""));
		symbol_table_deinit(&table);
		kallsyms_image_deinit(&image);
	}
}

/* Names with more than 127 tokens have two bytes of length, since 6.1. */
static void test_long_name(void **state)
{
	struct kallsyms_image image;
	struct symbol_table table;
	char name[260];

	(void)state;
	kallsyms_image_init(&image, LAYOUT_6_4, 100, 0);
	table = decode(&image);
	kallsyms_image_name(11, name);
	assert_int_equal(strlen(name), 200);
	assert_non_null(symbol_table_find(&table, name));
	symbol_table_deinit(&table);
	kallsyms_image_deinit(&image);
}

/* Of two symbols with a name the lower one, of two with an address the first one is found. */
static void test_duplicates(void **state)
{
	struct symbol_table table = {0};

	(void)state;
	assert_null(symbol_table_add(&table, 0x2000, 't', "same", 4));
	assert_null(symbol_table_add(&table, 0x1000, 't', "same", 4));
	assert_null(symbol_table_add(&table, 0x1000, 'T', "alias", 5));
	assert_null(symbol_table_add(&table, 0x3000, 'T', "last", 4));
	assert_null(symbol_table_index(&table));
	assert_int_equal(symbol_table_find(&table, "same")->value, 0x1000);
	assert_string_equal(symbol_table_name(&table, symbol_table_at(&table, 0x1fff)), "same");
	assert_string_equal(symbol_table_name(&table, symbol_table_at(&table, UINT64_MAX)), "last");
	assert_null(symbol_table_at(&table, 0xfff));
	symbol_table_deinit(&table);
}

static void test_empty_table(void **state)
{
	struct symbol_table table = {0};

	(void)state;
	assert_null(symbol_table_find(&table, "x"));
	assert_null(symbol_table_index(&table));
	assert_null(symbol_table_find(&table, "x"));
	assert_null(symbol_table_at(&table, 1));
	symbol_table_deinit(&table);
}

/* Cut off anywhere, the tables are not found or found whole (nothing needed was cut). */
static void test_truncated(void **state)
{
	(void)state;
	for (unsigned layout = 0; layout < LAYOUTS; layout++) {
		struct kallsyms_image image;
		size_t size;

		kallsyms_image_init(&image, layout, 300, 16);
		size = image.size;
		for (image.size = 0; image.size < size; image.size += 13) {
			/* A copy, so that a read past the end is noticed. */
			uint8_t *copy = malloc(image.size + 1);
			struct span bytes = {copy, image.size};
			struct kallsyms_tables tables;
			struct dill_error *error;

			memcpy(copy, image.bytes, image.size);
			error = kallsyms_find(bytes, image.address, &tables);
			if (!error)
				assert_int_equal(tables.count, 300);
			else
				assert_int_equal(code_of(error), DILL_ERROR_NOT_FOUND);
			free(copy);
		}
		kallsyms_image_deinit(&image);
	}
}

/* Wherever one byte is forged, nothing worse than "not found" or another name happens. */
static void test_no_crash_with_any_byte_forged(void **state)
{
	(void)state;
	for (unsigned layout = 0; layout < LAYOUTS; layout++) {
		struct kallsyms_image image;

		kallsyms_image_init(&image, layout, 300, 16);
		for (size_t at = 0; at < image.size; at++) {
			struct kallsyms_tables tables;
			struct symbol_table table = {0};
			struct dill_error *error;
			uint8_t was = image.bytes[at];

			image.bytes[at] ^= (uint8_t)(1u << at % 8);
			error = kallsyms_find(span_of(&image), image.address, &tables);
			if (!error)
				error = kallsyms_decode(span_of(&image), image.address, &tables,
							&table);
			dill_error_free(error);
			symbol_table_deinit(&table);
			image.bytes[at] = was;
		}
		kallsyms_image_deinit(&image);
	}
}

static void assert_not_found(const struct kallsyms_image *image)
{
	struct kallsyms_tables tables;

	assert_int_equal(code_of(kallsyms_find(span_of(image), image->address, &tables)),
			 DILL_ERROR_NOT_FOUND);
}

static void set_u32(struct kallsyms_image *image, uint64_t at, uint32_t value)
{
	memcpy(image->bytes + at, &value, sizeof(value));
}

static void test_contradictions(void **state)
{
	struct kallsyms_image image;

	(void)state;
	kallsyms_image_init(&image, LAYOUT_6_4, 600, 0);

	/* A count that the markers do not bear out. */
	set_u32(&image, image.tables.names - 8, 1600);
	assert_not_found(&image);
	set_u32(&image, image.tables.names - 8, 600);
	assert_tables(&image);

	/* A marker that points elsewhere. */
	set_u32(&image, image.tables.markers + 4, 5);
	assert_not_found(&image);
	kallsyms_image_deinit(&image);

	/* Values out of order. */
	kallsyms_image_init(&image, LAYOUT_7_0, 600, 0);
	set_u32(&image, image.tables.values + 400, 0);
	assert_not_found(&image);
	kallsyms_image_deinit(&image);

	/* A control character in a token. */
	kallsyms_image_init(&image, LAYOUT_7_0, 600, 0);
	image.bytes[image.tables.token_table +
		    span_u16(span_of(&image), image.tables.token_index + 2 * 0x80)] = '\033';
	assert_not_found(&image);
	kallsyms_image_deinit(&image);

	/* A base outside of the kernel's window. */
	kallsyms_image_init(&image, LAYOUT_6_4, 600, 0);
	memset(image.bytes + image.tables.values + 2400, 0, 8);
	assert_not_found(&image);
	kallsyms_image_deinit(&image);
}

/* Something that looks like a token table in front of the real one. */
static void test_decoy(void **state)
{
	struct kallsyms_image image;
	static const char decoy[] = "0\0001\0002\0003\0004\0005\0006\0007\0008\0009";

	(void)state;
	kallsyms_image_init(&image, LAYOUT_6_15, 600, 4096);
	memcpy(image.bytes + 100, decoy, sizeof(decoy));
	assert_tables(&image);
	kallsyms_image_deinit(&image);
}

/* Zeros behind tables that have their values in front: in order if read as self-relative ones. */
static void test_zeros_behind(void **state)
{
	struct kallsyms_image image;
	struct kallsyms_tables tables;
	struct span bytes;

	(void)state;
	kallsyms_image_init(&image, LAYOUT_5_10, 600, 0);
	bytes = (struct span){image.bytes, image.size + 600 * 8};
	assert_null(kallsyms_find(bytes, image.address, &tables));
	assert_int_equal(tables.form, KALLSYMS_PERCPU);
	assert_int_equal(tables.values, image.tables.values);
	kallsyms_image_deinit(&image);
}

static void test_recognise_values(void **state)
{
	(void)state;
	for (unsigned layout = 0; layout < LAYOUTS; layout++) {
		struct kallsyms_image image;
		struct kallsyms_values values;
		enum kallsyms_form form;
		uint64_t inside;

		kallsyms_image_init(&image, layout, 5000, 64);
		inside = image.tables.values + 8192;
		assert_true(kallsyms_is_values(span_of(&image), inside, 4096, &form));
		/* RELATIVE is told as SELF_RELATIVE. */
		if (image.tables.form != KALLSYMS_RELATIVE)
			assert_int_equal(form, image.tables.form);
		values = kallsyms_values_extent(span_of(&image), inside, 4096, form);
		/* Per-CPU offsets at the beginning are no part of the ascending run. */
		assert_in_range(values.first, image.tables.values - 64, image.tables.values + 64);
		assert_true(values.end >= image.tables.values + 5000 * 4);
		assert_false(kallsyms_is_values(span_of(&image), image.tables.names, 4096, &form));
		assert_false(kallsyms_is_values(span_of(&image), image.size - 8, 4096, &form));
		kallsyms_image_deinit(&image);
	}
}

static void test_padding_is_no_table(void **state)
{
	static const uint8_t fills[] = {0x00, 0xcc, 0xff, 0x90};
	uint8_t page[4096];
	enum kallsyms_form form;

	(void)state;
	for (size_t i = 0; i < sizeof(fills); i++) {
		memset(page, fills[i], sizeof(page));
		assert_false(kallsyms_is_values((struct span){page, sizeof(page)}, 0, sizeof(page),
						&form));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layouts),
		cmocka_unit_test(test_has_tokens),
		cmocka_unit_test(test_symbols),
		cmocka_unit_test(test_long_name),
		cmocka_unit_test(test_duplicates),
		cmocka_unit_test(test_empty_table),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_no_crash_with_any_byte_forged),
		cmocka_unit_test(test_contradictions),
		cmocka_unit_test(test_decoy),
		cmocka_unit_test(test_zeros_behind),
		cmocka_unit_test(test_recognise_values),
		cmocka_unit_test(test_padding_is_no_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
