/* SPDX-License-Identifier: MIT */
#include <archive.h>
#include <archive_entry.h>
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "kernel/image_file.h"
#include "kernel/image_unpack.h"
#include "kernel/kernel.h"
#include "kernel/state.h"

/* Kernel files, made here: vmlinux with a symbol table or with kallsyms only, and bzImage around
 * it. */

#define TEXT   UINT64_C(0xffffffff81000000)
#define HEAD   "6.1.2-test (me@here)"
#define BUILD  " #1 SMP Debian 6.1.2-1 (2026-11-16)"
#define BANNER "Linux version " HEAD " (gcc (Debian) 12)" BUILD "\n"

enum { TEXT_OFFSET = 0x1000, BANNER_AT = 0x100, BTF_AT = 0x200, ELF_SIZE = 0x4000 };

static void append(char *strings, size_t *used, const char *name, uint32_t *ret)
{
	size_t size = strlen(name) + 1;

	*ret = (uint32_t)*used;
	memcpy(strings + *used, name, size);
	*used += size;
}

static Elf64_Sym make_symbol(uint64_t value, unsigned bind, unsigned type, uint16_t section)
{
	return (Elf64_Sym){
		.st_info = ELF64_ST_INFO(bind, type),
		.st_shndx = section,
		.st_value = value,
	};
}

/** vmlinux with one segment, a symbol table, and a .BTF section of four bytes. */
static uint8_t *make_vmlinux(void)
{
	static const char *const names[] = {"",	     "_text",  "linux_banner", "weak_one",
					    "a_bss", "bad\n1", "percpu_offset"};
	static const char *const section_names[] = {"",	       ".text",	    ".BTF", ".symtab",
						    ".strtab", ".shstrtab", ".bss"};
	static const uint8_t btf[4] = {0x9f, 0xeb, 1, 0};
	uint8_t *file = calloc(1, ELF_SIZE);
	Elf64_Ehdr *header = (Elf64_Ehdr *)file;
	Elf64_Phdr *segment = (Elf64_Phdr *)(file + 64);
	Elf64_Shdr *sections = (Elf64_Shdr *)(file + 0x3000);
	Elf64_Sym *symbols = (Elf64_Sym *)(file + 0x2000);
	char *strings = (char *)file + 0x2800;
	char *section_strings = (char *)file + 0x2c00;
	size_t used = 0;

	*header = (Elf64_Ehdr){
		.e_type = ET_EXEC,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_phoff = 64,
		.e_shoff = 0x3000,
		.e_ehsize = 64,
		.e_phentsize = sizeof(*segment),
		.e_phnum = 1,
		.e_shentsize = sizeof(*sections),
		.e_shnum = 7,
		.e_shstrndx = 5,
	};
	memcpy(header->e_ident, ELFMAG "\2\1\1", 7);
	*segment = (Elf64_Phdr){
		.p_type = PT_LOAD,
		.p_offset = TEXT_OFFSET,
		.p_vaddr = TEXT,
		.p_filesz = 0x1000,
		.p_memsz = 0x1000,
	};
	memcpy(file + TEXT_OFFSET + BANNER_AT, BANNER, sizeof(BANNER));
	memcpy(file + TEXT_OFFSET + BTF_AT, btf, sizeof(btf));

	symbols[1] = make_symbol(TEXT, STB_GLOBAL, STT_NOTYPE, 1);
	symbols[2] = make_symbol(TEXT + BANNER_AT, STB_GLOBAL, STT_OBJECT, 1);
	symbols[3] = make_symbol(TEXT + 0x40, STB_WEAK, STT_FUNC, 1);
	symbols[4] = make_symbol(TEXT + 0x9000, STB_LOCAL, STT_OBJECT, 6);
	symbols[5] = make_symbol(TEXT + 0x50, STB_GLOBAL, STT_FUNC, 1);
	symbols[6] = make_symbol(0x1fb80, STB_GLOBAL, STT_OBJECT, SHN_ABS);
	for (unsigned i = 0; i < 7; i++)
		append(strings, &used, names[i], &symbols[i].st_name);

	sections[1] = (Elf64_Shdr){.sh_type = SHT_PROGBITS,
				   .sh_flags = SHF_ALLOC | SHF_EXECINSTR,
				   .sh_addr = TEXT,
				   .sh_offset = TEXT_OFFSET,
				   .sh_size = 0x200};
	sections[2] = (Elf64_Shdr){
		.sh_type = SHT_PROGBITS, .sh_offset = TEXT_OFFSET + BTF_AT, .sh_size = 4};
	sections[3] = (Elf64_Shdr){.sh_type = SHT_SYMTAB,
				   .sh_offset = 0x2000,
				   .sh_size = 7 * sizeof(Elf64_Sym),
				   .sh_entsize = sizeof(Elf64_Sym),
				   .sh_link = 4};
	sections[4] = (Elf64_Shdr){.sh_type = SHT_STRTAB, .sh_offset = 0x2800, .sh_size = used};
	used = 0;
	for (unsigned i = 0; i < 7; i++)
		append(section_strings, &used, section_names[i], &sections[i].sh_name);
	sections[5] = (Elf64_Shdr){.sh_type = SHT_STRTAB, .sh_offset = 0x2c00, .sh_size = used};
	sections[6] = (Elf64_Shdr){.sh_type = SHT_NOBITS,
				   .sh_flags = SHF_ALLOC | SHF_WRITE,
				   .sh_addr = TEXT + 0x9000,
				   .sh_size = 0x100};
	return file;
}

/** Write @p size bytes to a new temporary file; its name is for unlink(). */
static const char *write_file(const void *bytes, size_t size)
{
	static char path[64];
	int file;

	strcpy(path, "/tmp/dill-test-XXXXXX");
	file = mkstemp(path);
	assert_true(file >= 0);
	assert_int_equal(write(file, bytes, size), size);
	close(file);
	return path;
}

static struct dill_error *open_bytes(const void *bytes, size_t size, struct image_file **ret)
{
	const char *path = write_file(bytes, size);
	struct dill_error *error = image_file_open(path, ret);

	unlink(path);
	return error;
}

static enum dill_error_code code_of(struct dill_error *error)
{
	enum dill_error_code code;

	assert_non_null(error);
	code = dill_error_code(error);
	dill_error_free(error);
	return code;
}

static void assert_symbol(const struct symbol_table *table, const char *name, uint64_t value,
			  char kind)
{
	const struct symbol_entry *entry = symbol_table_find(table, name);

	assert_non_null(entry);
	assert_int_equal(entry->value, value);
	assert_int_equal(entry->kind, kind);
}

static struct dill_error *check(struct image_file *file, const char *banner, const char *note)
{
	struct image_identity identity = {
		.banner = banner,
		.note = {(const uint8_t *)note, note ? strlen(note) : 0},
	};

	return image_file_check(file, &identity);
}

static void assert_is_vmlinux(struct image_file *file)
{
	struct symbol_table table = {0};
	struct types *types;
	const char *how;
	dill_virt base;

	assert_null(check(file, BANNER, NULL));
	assert_null(image_file_symbols(file, &table, &base));
	assert_int_equal(base, TEXT);
	assert_symbol(&table, "_text", TEXT, 'T');
	assert_symbol(&table, "weak_one", TEXT + 0x40, 'W');
	assert_symbol(&table, "a_bss", TEXT + 0x9000, 'b');
	assert_symbol(&table, "percpu_offset", 0x1fb80, 'A');
	/* A name with a control character is none. */
	assert_int_equal(table.entries.count, 5);
	symbol_table_deinit(&table);
	/* It is read as BTF, of which it is too short a piece. */
	assert_int_equal(code_of(image_file_types(file, &types, &how)), DILL_ERROR_BAD_DATA);
	assert_string_equal(how, "BTF of the image file");
}

static void test_vmlinux(void **state)
{
	uint8_t *bytes = make_vmlinux();
	struct image_file *file;

	(void)state;
	assert_null(open_bytes(bytes, ELF_SIZE, &file));
	assert_is_vmlinux(file);
	image_file_free(file);
	free(bytes);
}

/* --- beside the target's own symbols --- */

#define MOVED UINT64_C(0x5000000)

static void add(struct symbol_table *table, dill_virt value, const char *name)
{
	assert_null(symbol_table_add(table, value, 't', name, strlen(name)));
}

static struct dill_error *count_visit(void *context, const struct symbol *symbol)
{
	(void)symbol;
	++*(size_t *)context;
	return NULL;
}

/* A target that has the names of its functions only. */
static struct kernel *functions_only(struct image_file *file)
{
	struct kernel *kernel = calloc(1, sizeof(*kernel));

	kernel->file = file;
	kernel->symbols_are_own = kernel->symbols_lack_data = true;
	kernel->image.base = TEXT + MOVED;
	kernel->image.size = 0x100000;
	add(&kernel->symbols, TEXT + MOVED, "_text");
	add(&kernel->symbols, TEXT + MOVED + 0x80, "own_function");
	assert_null(symbol_table_index(&kernel->symbols));
	return kernel;
}

/* The file is asked for each symbol that the target has not, and by address the nearest counts. */
static void test_missing_symbols(void **state)
{
	uint8_t *bytes = make_vmlinux();
	struct image_file *file;
	struct kernel *kernel;
	struct symbol symbol;
	dill_virt value;
	size_t count = 0;

	(void)state;
	assert_null(open_bytes(bytes, ELF_SIZE, &file));
	kernel = functions_only(file);
	assert_true(kernel_has_symbol(kernel, "own_function", &value));
	assert_false(kernel->file_was_asked);
	assert_true(kernel_has_symbol(kernel, "a_bss", &value));
	assert_int_equal(value, TEXT + MOVED + 0x9000);
	assert_true(kernel_has_symbol(kernel, "percpu_offset", &value));
	assert_int_equal(value, 0x1fb80);
	assert_false(kernel_has_symbol(kernel, "nobody_has_it", &value));
	assert_null(kernel_symbol_at(kernel, TEXT + MOVED + 0x9000, &symbol));
	assert_string_equal(symbol.name, "a_bss");
	assert_null(kernel_symbol_at(kernel, TEXT + MOVED + 0x88, &symbol));
	assert_string_equal(symbol.name, "own_function");
	assert_int_equal(kernel_symbol_room(kernel, TEXT + MOVED + 0x40), 0x40);
	assert_null(kernel_each_symbol(kernel, "", count_visit, &count));
	assert_int_equal(count, 6); /* five of the file's and one that it has not */
	kernel_free(kernel);
	free(bytes);
}

/* Without a file there is nothing to ask. */
static void test_missing_symbols_without_file(void **state)
{
	struct kernel *kernel = functions_only(NULL);
	dill_virt value;

	(void)state;
	assert_false(kernel_has_symbol(kernel, "a_bss", &value));
	kernel_free(kernel);
}

static void assert_refused(struct image_file *file, const char *banner, const char *note,
			   const char *reason)
{
	struct dill_error *error = check(file, banner, note);

	assert_non_null(error);
	assert_int_equal(dill_error_code(error), DILL_ERROR_INVALID_ARGUMENT);
	assert_non_null(strstr(dill_error_text(error), reason));
	dill_error_free(error);
}

/* The build id decides when it is known, else the banner. */
static void test_another_kernel(void **state)
{
	uint8_t *bytes = make_vmlinux();
	struct image_file *file;

	(void)state;
	strcpy((char *)bytes + TEXT_OFFSET + 0x300, "the build's note");
	assert_null(open_bytes(bytes, ELF_SIZE, &file));
	assert_null(check(file, BANNER, "the build's note"));
	assert_refused(file, BANNER, "another note",
		       "another build of 6.1.2-test #1 SMP Debian 6.1.2-1 (2026-11-16)");
	assert_refused(file, "Linux version 6.1.3-test (me@here) (gcc (1)) #2 SMP\n", NULL,
		       "it is 6.1.2-test #1 SMP Debian 6.1.2-1 (2026-11-16), and the target "
		       "6.1.3-test #2 SMP");
	/* Whatever the target says, it is shown on one line. */
	assert_refused(file, "Linux version \033[1m (x) #\r\n", NULL, "\\");
	assert_refused(file, "Linux version", NULL, "no version banner");
	assert_refused(file, "", NULL, "no version banner");
	image_file_free(file);

	memset(bytes + TEXT_OFFSET + BANNER_AT, 0, strlen(BANNER));
	assert_null(open_bytes(bytes, ELF_SIZE, &file));
	assert_int_equal(code_of(check(file, BANNER, NULL)), DILL_ERROR_UNSUPPORTED);
	image_file_free(file);
	free(bytes);
}

/* --- bzImage --- */

static la_ssize_t write_archive(struct archive *archive, void *context, const void *bytes,
				size_t size)
{
	struct strbuf *text = context;

	(void)archive;
	strbuf_append_bytes(text, bytes, size);
	return (la_ssize_t)size;
}

/** Compress with one of libarchive's filters; false when it was built without it. */
static bool compress(int filter, const uint8_t *bytes, size_t size, struct strbuf *ret)
{
	struct archive *archive = archive_write_new();
	struct archive_entry *entry = archive_entry_new();
	bool can = archive_write_add_filter(archive, filter) == ARCHIVE_OK;

	if (can) {
		archive_write_set_bytes_in_last_block(archive, 1);
		assert_int_equal(archive_write_set_format_raw(archive), ARCHIVE_OK);
		assert_int_equal(archive_write_open(archive, ret, NULL, write_archive, NULL),
				 ARCHIVE_OK);
		archive_entry_set_filetype(entry, AE_IFREG);
		assert_int_equal(archive_write_header(archive, entry), ARCHIVE_OK);
		assert_int_equal(archive_write_data(archive, bytes, size), size);
		assert_int_equal(archive_write_close(archive), ARCHIVE_OK);
	}
	archive_entry_free(entry);
	archive_write_free(archive);
	return can;
}

/** Setup header of two sectors, and the payload with its unpacked size behind it. */
static uint8_t *make_bzimage(const struct strbuf *payload, uint32_t unpacked, bool append_size,
			     size_t *ret_size)
{
	uint32_t length = (uint32_t)payload->length + (append_size ? 4 : 0);
	static const uint8_t magic[6] = {'H', 'd', 'r', 'S', 0x0f, 0x02};
	uint32_t offset = 0x40;
	uint8_t *file;

	*ret_size = 3 * 512 + offset + length;
	file = calloc(1, *ret_size);
	file[0x1f1] = 2;
	memcpy(file + 0x202, magic, sizeof(magic));
	memcpy(file + 0x248, &offset, 4);
	memcpy(file + 0x24c, &length, 4);
	memcpy(file + 3 * 512 + offset, strbuf_get(payload), payload->length);
	if (append_size)
		memcpy(file + 3 * 512 + offset + payload->length, &unpacked, 4);
	return file;
}

static void test_bzimage(void **state)
{
	static const struct {
		int filter;
		bool append_size;
	} ways[] = {
		{ARCHIVE_FILTER_GZIP, false}, {ARCHIVE_FILTER_XZ, true},
		{ARCHIVE_FILTER_ZSTD, true},  {ARCHIVE_FILTER_BZIP2, true},
		{ARCHIVE_FILTER_LZMA, true},  {ARCHIVE_FILTER_LZ4, true},
	};
	uint8_t *vmlinux = make_vmlinux();

	(void)state;
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		struct strbuf payload = {0};
		struct image_file *file;
		uint8_t *bytes;
		size_t size;

		if (!compress(ways[i].filter, vmlinux, ELF_SIZE, &payload))
			continue;
		bytes = make_bzimage(&payload, ELF_SIZE, ways[i].append_size, &size);
		assert_null(open_bytes(bytes, size, &file));
		assert_is_vmlinux(file);
		image_file_free(file);
		strbuf_deinit(&payload);
		free(bytes);
	}
	free(vmlinux);
}

/* What a bzImage states in front is enough to refuse it: this one cannot be unpacked. */
static void test_bzimage_version(void **state)
{
	struct strbuf payload = {0};
	struct image_file *file;
	uint8_t *bytes;
	size_t size;

	(void)state;
	strbuf_append(&payload, "no compressed stream");
	bytes = make_bzimage(&payload, ELF_SIZE, true, &size);
	memcpy(bytes + 0x20e, "\x40\x01", 2);
	strcpy((char *)bytes + 0x340, HEAD BUILD);
	assert_null(open_bytes(bytes, size, &file));
	assert_null(check(file, BANNER, NULL));
	assert_refused(file, "Linux version 6.1.2-test (me@here) (gcc) #2 SMP\n", NULL,
		       "and the target 6.1.2-test #2 SMP");
	image_file_free(file);
	/* Nothing in front, or something outside of the file: unpacked, which fails here. */
	memcpy(bytes + 0x20e, "\xff\xff", 2);
	assert_null(open_bytes(bytes, size, &file));
	assert_int_equal(code_of(check(file, BANNER, NULL)), DILL_ERROR_BAD_DATA);
	image_file_free(file);
	strbuf_deinit(&payload);
	free(bytes);
}

/** The error of a file that opens, and then cannot be unpacked. */
static struct dill_error *unpack_bytes(const void *bytes, size_t size)
{
	struct image_file *file;
	struct dill_error *error;

	assert_null(open_bytes(bytes, size, &file));
	error = check(file, BANNER, NULL);
	image_file_free(file);
	return error;
}

static void test_forged_bzimage(void **state)
{
	uint8_t *vmlinux = make_vmlinux();
	struct strbuf payload = {0};
	uint8_t *bytes;
	size_t size;

	(void)state;
	assert_true(compress(ARCHIVE_FILTER_XZ, vmlinux, ELF_SIZE, &payload));
	/* It holds less than it claims; it claims the impossible. */
	bytes = make_bzimage(&payload, ELF_SIZE + 1, true, &size);
	assert_int_equal(code_of(unpack_bytes(bytes, size)), DILL_ERROR_BAD_DATA);
	free(bytes);
	bytes = make_bzimage(&payload, UINT32_MAX, true, &size);
	assert_int_equal(code_of(unpack_bytes(bytes, size)), DILL_ERROR_BAD_DATA);
	/* Cut off. */
	assert_int_equal(code_of(unpack_bytes(bytes, size - 1)), DILL_ERROR_BAD_DATA);
	memset(bytes + 3 * 512 + 0x40, 0x5a, 64);
	memcpy(bytes + size - 4, &(uint32_t){0x010100}, 4);
	dill_error_free(unpack_bytes(bytes, size));
	/* Offsets outside of the file. */
	memset(bytes + 0x248, 0xff, 8);
	assert_int_equal(code_of(unpack_bytes(bytes, size)), DILL_ERROR_BAD_DATA);
	free(bytes);
	free(vmlinux);
	strbuf_deinit(&payload);
}

static void test_no_kernel(void **state)
{
	uint8_t *bytes = make_vmlinux();
	struct symbol_table table = {0};
	struct image_file *file;
	dill_virt base;

	(void)state;
	assert_int_equal(code_of(open_bytes("", 0, &file)), DILL_ERROR_UNSUPPORTED);
	assert_int_equal(code_of(open_bytes("hello", 5, &file)), DILL_ERROR_UNSUPPORTED);
	assert_int_equal(code_of(image_file_open("/nonexistent/file", &file)), DILL_ERROR_OS);
	assert_int_equal(code_of(image_file_open("/tmp", &file)), DILL_ERROR_INVALID_ARGUMENT);
	((Elf64_Ehdr *)bytes)->e_machine = EM_AARCH64;

	struct dill_error *error = open_bytes(bytes, ELF_SIZE, &file);

	assert_non_null(strstr(dill_error_text(error), "it is for aarch64 (arm64)"));
	assert_int_equal(code_of(error), DILL_ERROR_UNSUPPORTED);
	((Elf64_Ehdr *)bytes)->e_machine = EM_X86_64;
	/* A symbol table of nothing: then kallsyms are looked for, and there are none. */
	((Elf64_Shdr *)(bytes + 0x3000))[3].sh_size = 0;
	assert_null(open_bytes(bytes, ELF_SIZE, &file));
	assert_int_equal(code_of(image_file_symbols(file, &table, &base)), DILL_ERROR_NOT_FOUND);
	symbol_table_deinit(&table);
	image_file_free(file);
	free(bytes);
}

/** Everything that is asked of a file, whatever the answers. */
static void use(struct image_file *file)
{
	struct symbol_table table = {0};
	struct types *types = NULL;
	const char *how;
	dill_virt base;

	dill_error_free(check(file, BANNER, NULL));
	dill_error_free(image_file_symbols(file, &table, &base));
	dill_error_free(image_file_types(file, &types, &how));
	types_free(types);
	symbol_table_deinit(&table);
}

/* However a byte of the file is forged, it is read or refused. */
static void test_no_crash_with_any_byte_of_an_elf_forged(void **state)
{
	uint8_t *bytes = make_vmlinux();
	static const size_t parts[][2] = {{0, 0x80}, {0x2000, 0x2100}, {0x3000, 0x3200}};
	const char *path = write_file(bytes, ELF_SIZE);

	(void)state;
	for (size_t part = 0; part < 3; part++) {
		for (size_t at = parts[part][0]; at < parts[part][1]; at++) {
			struct image_file *file = NULL;
			FILE *stream = fopen(path, "wb");
			uint8_t was = bytes[at];

			bytes[at] ^= (uint8_t)(0x81u << at % 7);
			assert_int_equal(fwrite(bytes, 1, ELF_SIZE, stream), ELF_SIZE);
			fclose(stream);
			dill_error_free(image_file_open(path, &file));
			if (file)
				use(file);
			image_file_free(file);
			bytes[at] = was;
		}
	}
	unlink(path);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vmlinux),
		cmocka_unit_test(test_bzimage),
		cmocka_unit_test(test_forged_bzimage),
		cmocka_unit_test(test_no_kernel),
		cmocka_unit_test(test_no_crash_with_any_byte_of_an_elf_forged),
		cmocka_unit_test(test_another_kernel),
		cmocka_unit_test(test_missing_symbols),
		cmocka_unit_test(test_missing_symbols_without_file),
		cmocka_unit_test(test_bzimage_version),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
