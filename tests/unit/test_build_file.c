/* SPDX-License-Identifier: MIT */
/* What is kept of a build of a kernel: it comes back as it was, and damage of any byte is noticed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/build_file.h"
#include "kernel/image.h"

#define BASE  (KERNEL_WINDOW_FIRST + (UINT64_C(0x12) << 21))
#define OTHER (KERNEL_WINDOW_FIRST + (UINT64_C(0x77) << 21))

static const uint8_t btf[] = "types that nobody looks at";

static void add(struct symbol_table *table, uint64_t value, char kind, const char *name)
{
	assert_null(symbol_table_add(table, value, kind, name, strlen(name)));
}

static struct build_facts facts(void)
{
	struct build_facts made = {
		.slide_known = 1, .linked_base = BASE, .note_offset = 64, .note_size = 36};

	memset(made.note, 7, made.note_size);
	made.probes[0] = (struct build_probe){.offset = 4096, .size = 4, .bytes = "word"};
	return made;
}

static uint8_t *make(size_t *ret_size)
{
	struct symbol_table symbols = {0};
	struct build_facts made = facts();
	uint8_t *bytes;

	add(&symbols, 0x1234, 'A', "cpu_offset");
	add(&symbols, BASE, 'T', "_text");
	add(&symbols, BASE + 0x40, 't', "first");
	add(&symbols, BASE + 0x40, 't', "second");
	assert_null(symbol_table_index(&symbols));
	assert_null(build_file_make(&made, BASE, &symbols, (struct span){btf, sizeof(btf)}, &bytes,
				    ret_size));
	symbol_table_deinit(&symbols);
	return bytes;
}

static void test_comes_back(void **state)
{
	struct symbol_table symbols = {0};
	struct build_facts found, made = facts();
	struct span kept;
	size_t size;
	uint8_t *bytes = make(&size);

	(void)state;
	assert_null(build_file_head((struct span){bytes, size}, &found));
	assert_memory_equal(&found, &made, sizeof(found));
	assert_null(build_file_read((struct span){bytes, size}, OTHER, &symbols, &kept));
	assert_int_equal(symbols.entries.count, 4);
	assert_int_equal(symbol_table_find(&symbols, "cpu_offset")->value, 0x1234);
	assert_int_equal(symbol_table_find(&symbols, "_text")->value, OTHER);
	assert_int_equal(symbol_table_find(&symbols, "second")->value, OTHER + 0x40);
	assert_int_equal(symbol_table_find(&symbols, "second")->kind, 't');
	assert_string_equal(symbol_table_name(&symbols, symbol_table_at(&symbols, OTHER + 0x41)),
			    "first");
	assert_int_equal(kept.size, sizeof(btf));
	assert_memory_equal(kept.data, btf, sizeof(btf));
	symbol_table_deinit(&symbols);
	free(bytes);
}

static void refused(const uint8_t *bytes, size_t size)
{
	struct symbol_table symbols = {0};
	struct span kept;
	struct dill_error *error =
		build_file_read((struct span){bytes, size}, BASE, &symbols, &kept);

	assert_non_null(error);
	assert_int_equal(dill_error_code(error), DILL_ERROR_BAD_DATA);
	assert_int_equal(symbols.entries.count, 0);
	dill_error_free(error);
}

static void test_damage(void **state)
{
	size_t size;
	uint8_t *bytes = make(&size);

	(void)state;
	for (size_t i = 0; i < size; i++) {
		bytes[i] ^= 0x10;
		refused(bytes, size);
		bytes[i] ^= 0x10;
	}
	for (size_t cut = 0; cut < size; cut += 3)
		refused(bytes, cut);
	free(bytes);
}

/* A file whose sum is right, and whose content is not: @p at counts from the symbols on. */
static void test_forged(void **state)
{
	static const struct {
		uint64_t value;
		uint32_t name, kind;
	} forged[] = {
		{0, UINT32_MAX, 't'}, /* a name outside */
		{0, 0x7fffffff, 't'},
		{UINT64_MAX, 0, 't' | 1u << 8}, /* an address outside of the window */
		{UINT64_C(1) << 40, 0, 't' | 1u << 8},
	};
	struct symbol_table symbols = {0}, read = {0};
	struct build_facts made = facts();

	(void)state;
	add(&symbols, BASE, 'T', "name");
	assert_null(symbol_table_index(&symbols));
	for (size_t i = 0; i < sizeof(forged) / sizeof(*forged); i++) {
		struct symbol_entry *entry = &symbols.entries.items[0];
		struct span kept;
		uint8_t *bytes;
		size_t size;
		struct dill_error *error;

		/* As build_file_make() would write it, had it no idea. */
		entry->value = forged[i].kind >> 8 ? BASE + forged[i].value : forged[i].value;
		entry->name = forged[i].name;
		entry->kind = (char)forged[i].kind;
		error = build_file_make(&made, BASE, &symbols, (struct span){0}, &bytes, &size);
		assert_null(error);
		error = build_file_read((struct span){bytes, size}, BASE, &read, &kept);
		if (forged[i].name) {
			assert_non_null(error);
			assert_int_equal(read.entries.count, 0);
		}
		dill_error_free(error);
		symbol_table_deinit(&read);
		free(bytes);
	}
	symbol_table_deinit(&symbols);
}

/* Names are shown: nothing that a terminal would obey. */
static void test_names_are_printable(void **state)
{
	struct symbol_table symbols = {0}, read = {0};
	struct build_facts made = facts();
	struct span kept;
	uint8_t *bytes;
	size_t size;
	struct dill_error *error;

	(void)state;
	add(&symbols, BASE, 'T', "bad\033[2Jname");
	assert_null(symbol_table_index(&symbols));
	assert_null(build_file_make(&made, BASE, &symbols, (struct span){0}, &bytes, &size));
	error = build_file_read((struct span){bytes, size}, BASE, &read, &kept);
	assert_non_null(error);
	dill_error_free(error);
	symbol_table_deinit(&symbols);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_comes_back),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_forged),
		cmocka_unit_test(test_names_are_printable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
