/* SPDX-License-Identifier: MIT */
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "btf_image.h"
#include "kernel/kernel.h"
#include "kernel/kernel_members.h"
#include "kernel/module_symbol.h"
#include "kernel/region.h"

/*
 * module.c and module_symbol.c on a kernel with one module, of which every word can be forged: the
 * layers below are replaced by the functions here.
 */

#define BASE	UINT64_C(0xffffffffc0000000)
#define SIZE	0x4000u
#define MODULES BASE /* the list's head */
#define MODULE	(BASE + 0x100)
#define TABLE	(BASE + 0x200) /* struct mod_kallsyms */
#define SYMBOLS (BASE + 0x300)
#define NAMES	(BASE + 0x800)
#define TEXT	(BASE + 0x1000)
#define DATA	(BASE + 0x2000)

/* struct module of this kernel: list, name, two parts, kallsyms. */
enum {
	LIST = 0,
	NAME = 16,
	TEXT_PART = 80,
	DATA_PART = 96,
	KALLSYMS = 112,
	MODULE_SIZE = 120,
	SYMTAB = 0,
	COUNT = 8,
	STRTAB = 16,
	TABLE_SIZE = 24,
};

static uint8_t image[SIZE];
static uint32_t symbols, name_bytes;
static struct types *types;

static void put(uint64_t address, uint64_t value)
{
	memcpy(&image[address - BASE], &value, sizeof(value));
}

static void put_text(uint64_t address, const char *text)
{
	memcpy(&image[address - BASE], text, strlen(text) + 1);
}

/* --- the layers below --- */

struct dill_error *kernel_read(struct kernel *kernel, dill_virt address, void *buffer,
			       size_t length)
{
	(void)kernel;
	if (address < BASE || length > SIZE || address - BASE > SIZE - length)
		return dill_error_new_fault(address, "not mapped");
	memcpy(buffer, &image[address - BASE], length);
	return NULL;
}

struct dill_error *kernel_read_string(struct kernel *kernel, dill_virt address, size_t limit,
				      char **ret)
{
	char text[64] = {0};

	(void)limit;
	TRY(kernel_read(kernel, address, text, sizeof(text) - 1));
	*ret = strdup(text);
	return NULL;
}

struct dill_error *kernel_types(struct kernel *kernel, struct types **ret)
{
	(void)kernel;
	*ret = types;
	return NULL;
}

struct dill_error *kernel_members(struct kernel *kernel, enum kernel_need need,
				  const struct kernel_members **ret)
{
	static struct kernel_members members;

	(void)kernel;
	kernel_members_resolve(members_of_types(types), &members);
	*ret = &members;
	return kernel_members_need(&members, need);
}

struct dill_error *kernel_symbol(struct kernel *kernel, const char *name, dill_virt *ret)
{
	(void)kernel;
	assert_string_equal(name, "modules");
	*ret = MODULES;
	return NULL;
}

enum region_kind kernel_region(struct kernel *kernel, dill_virt address)
{
	(void)kernel;
	return address >= BASE ? REGION_MODULES : REGION_DIRECT_MAP;
}

/* --- the kernel --- */

static uint32_t add_struct(struct btf_image *btf, const char *name, uint32_t size, uint32_t count)
{
	return btf_image_struct(btf, BTF_STRUCT, name, size, count);
}

static int setup(void **state)
{
	struct btf_image btf = {0};
	uint32_t word = btf_image_int(&btf, "long unsigned int", 8, 0);
	uint32_t half = btf_image_int(&btf, "unsigned int", 4, 0);
	uint32_t text = btf_image_array(&btf, btf_image_int(&btf, "char", 1, 0), 56);
	uint32_t part = add_struct(&btf, "module_layout", 16, 2);

	(void)state;
	btf_image_member(&btf, "base", word, 0, 0);
	btf_image_member(&btf, "size", half, 64, 0);
	add_struct(&btf, "module", MODULE_SIZE, 5);
	btf_image_member(&btf, "list", word, LIST * 8, 0);
	btf_image_member(&btf, "name", text, NAME * 8, 0);
	btf_image_member(&btf, "core_layout", part, TEXT_PART * 8, 0);
	btf_image_member(&btf, "init_layout", part, DATA_PART * 8, 0);
	btf_image_member(&btf, "kallsyms", word, KALLSYMS * 8, 0);
	add_struct(&btf, "mod_kallsyms", TABLE_SIZE, 3);
	btf_image_member(&btf, "symtab", word, SYMTAB * 8, 0);
	btf_image_member(&btf, "num_symtab", half, COUNT * 8, 0);
	btf_image_member(&btf, "strtab", word, STRTAB * 8, 0);
	types = btf_image_open(&btf);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	types_free(types);
	return 0;
}

static void add_symbol(const char *name, uint64_t value, uint16_t section)
{
	Elf64_Sym symbol = {.st_name = name_bytes, .st_value = value, .st_shndx = section};

	memcpy(&image[SYMBOLS - BASE + symbols++ * sizeof(symbol)], &symbol, sizeof(symbol));
	put_text(NAMES + name_bytes, name);
	name_bytes += (uint32_t)strlen(name) + 1;
	put(TABLE + COUNT, symbols);
}

/* A module with two functions, a variable, and what names nothing. */
static int healthy(void **state)
{
	(void)state;
	memset(image, 0, sizeof(image));
	symbols = name_bytes = 0;
	put(MODULES, MODULE + LIST);
	put(MODULE + LIST, MODULES);
	put_text(MODULE + NAME, "sample");
	put(MODULE + TEXT_PART, TEXT);
	put(MODULE + TEXT_PART + 8, 0x1000);
	put(MODULE + DATA_PART, DATA);
	put(MODULE + DATA_PART + 8, 0x1000);
	put(MODULE + KALLSYMS, TABLE);
	put(TABLE + SYMTAB, SYMBOLS);
	put(TABLE + STRTAB, NAMES);
	add_symbol("", 0, SHN_UNDEF);
	add_symbol("later", TEXT + 0x200, 1);
	add_symbol("from_elsewhere", TEXT + 0x120, SHN_UNDEF);
	add_symbol("first", TEXT + 0x100, 1);
	add_symbol("alias", TEXT + 0x100, 1);
	add_symbol(".L12", TEXT + 0x110, 1);
	add_symbol("", TEXT + 0x118, 1);
	add_symbol("number", DATA + 0x40, 2);
	return 0;
}

static void expect(dill_virt address, const char *wanted)
{
	struct strbuf text = {0};

	assert_null(module_append_symbol(NULL, address, false, &text));
	assert_string_equal(strbuf_get(&text), wanted);
	strbuf_deinit(&text);
}

static void test_names(void **state)
{
	struct strbuf text = {0};

	(void)state;
	expect(TEXT + 0x100, "first [sample]");
	expect(TEXT + 0x1ff, "first+0xff [sample]");
	expect(TEXT + 0x208, "later+0x8 [sample]");
	expect(DATA + 0x44, "number+0x4 [sample]");
	/* Before every symbol of its part: those of another part are not meant. */
	expect(DATA + 0x3f, "0xffffffffc000203f [sample]");
	expect(BASE + 0x3000, "");
	expect(0xffff888000000000, "");
	assert_null(module_append_symbol(NULL, TEXT + 0x100, true, &text));
	assert_string_equal(strbuf_get(&text), "first+0x0 [sample]");
	strbuf_clear(&text);
	assert_null(module_append_exact_symbol(NULL, TEXT + 0x101, &text));
	assert_int_equal(text.length, 0);
	assert_null(module_append_exact_symbol(NULL, TEXT + 0x200, &text));
	assert_string_equal(strbuf_get(&text), "later [sample]");
	strbuf_deinit(&text);
}

/* What is not understood or not there costs the name, nothing else. */
static void test_forged(void **state)
{
	static const struct {
		uint64_t address, value;
	} forged[] = {
		{TABLE + COUNT, 1u << 30},
		{TABLE + COUNT, 1u << 17}, /* more than is mapped */
		{TABLE + SYMTAB, 0},
		{TABLE + SYMTAB, 0xdead000000000100},
		{TABLE + STRTAB, 0xdead000000000100},
		{TABLE + STRTAB, UINT64_MAX - 4},
		{MODULE + KALLSYMS, 0},
		{MODULE + KALLSYMS, BASE + SIZE - 4},
	};

	for (size_t i = 0; i < sizeof(forged) / sizeof(*forged); i++) {
		healthy(state);
		put(forged[i].address, forged[i].value);
		expect(TEXT + 0x104, "0xffffffffc0001104 [sample]");
	}
}

static void test_forged_list(void **state)
{
	(void)state;
	put(MODULE + TEXT_PART + 8, 0); /* it is in none, and the list has no end */
	put(MODULE + LIST, MODULE + LIST);
	expect(TEXT + 0x104, "");
	put(MODULE + LIST, 0xdead000000000100);
	expect(TEXT + 0x104, "");
}

static void test_control_characters(void **state)
{
	(void)state;
	put_text(MODULE + NAME, "a\033[2J");
	put_text(NAMES + 1, "b\n");
	expect(TEXT + 0x200, "b\\x0a [a\\x1b[2J]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_names, healthy),
		cmocka_unit_test_setup(test_forged, healthy),
		cmocka_unit_test_setup(test_forged_list, healthy),
		cmocka_unit_test_setup(test_control_characters, healthy),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
