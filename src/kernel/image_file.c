/* SPDX-License-Identifier: MIT */
#include "kernel/image_file.h"

#include <gelf.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/image.h"
#include "kernel/image_unpack.h"
#include "kernel/kallsyms.h"

#define BANNER_MAX   1024u
#define SEGMENTS_MAX 64u

/** An ELF file in memory. */
struct elf_image {
	struct span bytes;
	Elf *elf;
	size_t section_names; /**< index of the section that holds them */
	struct {
		dill_virt address;
		struct span bytes;
	} segments[SEGMENTS_MAX];
	size_t segment_count;
};

/** The file's bytes of [@p address, @p address + @p size) cut to its segment; empty when in none.
 */
static struct span bytes_at(const struct elf_image *image, dill_virt address, uint64_t size)
{
	for (size_t i = 0; i < image->segment_count; i++) {
		struct span bytes = image->segments[i].bytes;
		uint64_t offset = address - image->segments[i].address;

		if (address >= image->segments[i].address && offset < bytes.size)
			return span_cut(bytes, offset, size);
	}
	return (struct span){0};
}

static struct dill_error *load_segments(struct elf_image *image)
{
	size_t count;

	if (elf_getphdrnum(image->elf, &count))
		return dill_error_new(DILL_ERROR_BAD_DATA, "broken program headers");
	for (size_t i = 0; i < count && image->segment_count < SEGMENTS_MAX; i++) {
		GElf_Phdr header;

		if (!gelf_getphdr(image->elf, (int)i, &header) || header.p_type != PT_LOAD)
			continue;
		image->segments[image->segment_count].address = header.p_vaddr;
		image->segments[image->segment_count].bytes =
			span_cut(image->bytes, header.p_offset, header.p_filesz);
		image->segment_count++;
	}
	return NULL;
}

/** Letter of nm for a symbol; only the ones whose meaning dill shows. */
static char symbol_kind(const struct elf_image *image, const GElf_Sym *symbol)
{
	bool local = GELF_ST_BIND(symbol->st_info) == STB_LOCAL;
	GElf_Shdr header;
	char kind;

	if (symbol->st_shndx == SHN_ABS)
		return local ? 'a' : 'A';
	if (GELF_ST_BIND(symbol->st_info) == STB_WEAK)
		return 'W';
	if (!gelf_getshdr(elf_getscn(image->elf, symbol->st_shndx), &header))
		return '?';
	if (header.sh_flags & SHF_EXECINSTR)
		kind = 'T';
	else if (header.sh_type == SHT_NOBITS)
		kind = 'B';
	else
		kind = header.sh_flags & SHF_WRITE ? 'D' : 'R';
	return (char)(local ? kind - 'A' + 'a' : kind);
}

static bool is_name(const char *name)
{
	if (!*name || !strncmp(name, ".L", 2))
		return false;
	for (const char *at = name; *at; at++)
		if (*at <= ' ' || *at >= 0x7f || (size_t)(at - name) >= SYMBOL_NAME_MAX)
			return false;
	return true;
}

static struct dill_error *load_symtab(const struct elf_image *image, Elf_Scn *section,
				      const GElf_Shdr *header, struct symbol_table *ret)
{
	Elf_Data *data = elf_getdata(section, NULL);
	size_t count = data && header->sh_entsize ? data->d_size / header->sh_entsize : 0;

	for (size_t i = 1; i < count && i <= INT32_MAX; i++) {
		const char *name;
		GElf_Sym symbol;

		if (!gelf_getsym(data, (int)i, &symbol) || symbol.st_shndx == SHN_UNDEF ||
		    GELF_ST_TYPE(symbol.st_info) == STT_SECTION ||
		    GELF_ST_TYPE(symbol.st_info) == STT_FILE)
			continue;
		name = elf_strptr(image->elf, header->sh_link, symbol.st_name);
		if (name && is_name(name))
			TRY(symbol_table_add(ret, symbol.st_value, symbol_kind(image, &symbol),
					     name, strlen(name)));
	}
	return NULL;
}

/** Take what the section headers offer: symbols, BTF, and whether there is DWARF. */
static struct dill_error *load_sections(const struct elf_image *image, struct image_file *file)
{
	for (Elf_Scn *section = NULL; (section = elf_nextscn(image->elf, section));) {
		const char *name;
		GElf_Shdr header;
		struct span bytes;

		if (!gelf_getshdr(section, &header))
			continue;
		if (header.sh_type == SHT_SYMTAB && !file->symbols.entries.count)
			TRY(load_symtab(image, section, &header, &file->symbols));
		name = elf_strptr(image->elf, image->section_names, header.sh_name);
		if (!name)
			continue;
		if (!strcmp(name, ".debug_info"))
			file->has_dwarf = true;
		if (strcmp(name, ".BTF") != 0 || file->btf || header.sh_type == SHT_NOBITS)
			continue;
		bytes = span_cut(image->bytes, header.sh_offset, header.sh_size);
		file->btf = malloc(bytes.size + 1);
		if (!file->btf)
			return error_no_memory();
		memcpy(file->btf, bytes.data, bytes.size);
		file->btf_size = bytes.size;
	}
	return NULL;
}

/** Decode the symbol table that a stripped kernel still carries for itself. */
static struct dill_error *load_kallsyms(const struct elf_image *image, struct symbol_table *ret)
{
	for (size_t i = 0; i < image->segment_count; i++) {
		struct span bytes = image->segments[i].bytes;
		dill_virt address = image->segments[i].address;
		struct kallsyms_tables tables;
		struct dill_error *error = kallsyms_find(bytes, address, &tables);

		if (!error)
			return kallsyms_decode(bytes, address, &tables, ret);
		if (error_is_fatal(error))
			return error;
		dill_error_free(error);
	}
	return dill_error_new(DILL_ERROR_NOT_FOUND, "it has neither a symbol table nor kallsyms");
}

static struct dill_error *load_symbols(const struct elf_image *image, struct image_file *file)
{
	const struct symbol_entry *text;

	file->symbols_how = "symbol table";
	if (!file->symbols.entries.count) {
		file->symbols_how = "kallsyms";
		TRY(load_kallsyms(image, &file->symbols));
	}
	TRY(symbol_table_index(&file->symbols));
	text = symbol_table_find(&file->symbols, "_text");
	if (!text || text->value < KERNEL_WINDOW_FIRST || text->value > KERNEL_WINDOW_LAST)
		return dill_error_new(DILL_ERROR_UNSUPPORTED,
				      "its symbols are not those of an x86-64 kernel");
	file->linked_base = text->value;
	return NULL;
}

static struct dill_error *load_banner(const struct elf_image *image, struct image_file *file)
{
	const struct symbol_entry *symbol = symbol_table_find(&file->symbols, "linux_banner");
	struct span bytes = {0};

	if (symbol)
		bytes = bytes_at(image, symbol->value, BANNER_MAX);
	if (!bytes.size || !memchr(bytes.data, '\0', bytes.size))
		return dill_error_new(DILL_ERROR_UNSUPPORTED, "it holds no version banner");
	file->banner = strdup((const char *)bytes.data);
	return file->banner ? NULL : error_no_memory();
}

static struct dill_error *load_elf(struct elf_image *image, struct image_file *file)
{
	GElf_Ehdr header;

	if (elf_version(EV_CURRENT) == EV_NONE)
		return dill_error_new(DILL_ERROR_UNSUPPORTED, "libelf is too old");
	/* The bytes are only read; libelf's interface knows no const. */
	image->elf = elf_memory((char *)image->bytes.data, image->bytes.size);
	if (!image->elf || elf_kind(image->elf) != ELF_K_ELF ||
	    !gelf_getehdr(image->elf, &header) || header.e_machine != EM_X86_64)
		return dill_error_new(DILL_ERROR_UNSUPPORTED,
				      "it is no kernel for x86-64 (vmlinux or bzImage)");
	if (elf_getshdrstrndx(image->elf, &image->section_names))
		image->section_names = 0;
	TRY(load_segments(image));
	TRY(load_sections(image, file));
	TRY(load_symbols(image, file));
	return load_banner(image, file);
}

/** @p bytes is the ELF; borrowed. */
static struct dill_error *load(struct span bytes, struct image_file *file)
{
	struct elf_image image = {.bytes = bytes};
	struct dill_error *error = load_elf(&image, file);

	elf_end(image.elf);
	return error;
}

static struct dill_error *read_and_load(const char *path, struct image_file *file)
{
	_cleanup_(freep)
	uint8_t *bytes = NULL;
	_cleanup_(freep)
	uint8_t *unpacked = NULL;
	struct span elf = {0};

	TRY(image_read_file(path, &bytes, &elf.size));
	elf.data = bytes;
	if (image_is_bzimage(elf)) {
		TRY(image_unpack(elf, &unpacked, &elf.size));
		elf.data = unpacked;
	}
	TRY(load(elf, file));
	/* libdw opens the file itself, which it cannot do inside a bzImage. */
	file->has_dwarf = file->has_dwarf && !unpacked;
	return NULL;
}

struct dill_error *image_file_open(const char *path, struct image_file **ret)
{
	_cleanup_(image_file_freep)
	struct image_file *file = calloc(1, sizeof(*file));

	if (!file)
		return error_no_memory();
	file->path = strdup(path);
	if (!file->path)
		return error_no_memory();
	TRY(dill_error_add_context(read_and_load(path, file), "%s", path));
	*ret = steal(file);
	return NULL;
}

struct dill_error *image_file_types(struct image_file *file, struct types **ret,
				    const char **ret_how)
{
	if (file->btf) {
		*ret_how = "BTF of the image file";
		return dill_error_add_context(btf_types_new(steal(file->btf), file->btf_size, ret),
					      "%s", file->path);
	}
	if (file->has_dwarf) {
		*ret_how = "DWARF of the image file";
		return dwarf_types_new(file->path, ret);
	}
	return dill_error_new(DILL_ERROR_NOT_FOUND, "%s holds neither BTF nor DWARF", file->path);
}

void image_file_free(struct image_file *file)
{
	if (!file)
		return;
	symbol_table_deinit(&file->symbols);
	free(file->banner);
	free(file->btf);
	free(file->path);
	free(file);
}
