/* SPDX-License-Identifier: MIT */
#include "kernel/image_elf.h"

#include <gelf.h>
#include <string.h>

#include "base/machine.h"
#include "kernel/kallsyms.h"
#include "kernel/kallsyms_decode.h"

/* --- headers --- */

static struct dill_error *load_segments(struct image_elf *elf)
{
	size_t count;

	if (elf_getphdrnum(elf->elf, &count))
		return dill_error_new(DILL_ERROR_BAD_DATA, "broken program headers");
	for (size_t i = 0; i < count && elf->segment_count < IMAGE_SEGMENTS_MAX; i++) {
		GElf_Phdr header;

		if (!gelf_getphdr(elf->elf, (int)i, &header) || header.p_type != PT_LOAD)
			continue;
		elf->segments[elf->segment_count].address = header.p_vaddr;
		elf->segments[elf->segment_count].bytes =
			span_cut(elf->bytes, header.p_offset, header.p_filesz);
		elf->segment_count++;
	}
	return NULL;
}

/** Note what the sections offer: symbols, BTF, and whether there is DWARF. */
static void load_sections(struct image_elf *elf)
{
	size_t names;

	if (elf_getshdrstrndx(elf->elf, &names))
		names = 0;
	for (Elf_Scn *section = NULL; (section = elf_nextscn(elf->elf, section));) {
		const char *name;
		GElf_Shdr header;

		if (!gelf_getshdr(section, &header))
			continue;
		if (header.sh_type == SHT_SYMTAB && !elf->symtab)
			elf->symtab = section;
		name = elf_strptr(elf->elf, names, header.sh_name);
		if (!name || header.sh_type == SHT_NOBITS)
			continue;
		if (!strcmp(name, ".debug_info"))
			elf->has_dwarf = true;
		if (!strcmp(name, ".BTF") && !elf->btf.size)
			elf->btf = span_cut(elf->bytes, header.sh_offset, header.sh_size);
	}
}

static struct dill_error *load_headers(struct image_elf *elf)
{
	GElf_Ehdr header;

	if (elf_version(EV_CURRENT) == EV_NONE)
		return dill_error_new(DILL_ERROR_UNSUPPORTED, "libelf is too old");
	/* The bytes are only read; libelf's interface knows no const. */
	elf->elf = elf_memory((char *)elf->bytes.data, elf->bytes.size);
	if (!elf->elf || elf_kind(elf->elf) != ELF_K_ELF || !gelf_getehdr(elf->elf, &header))
		return dill_error_new(DILL_ERROR_UNSUPPORTED,
				      "it is no kernel for x86-64 (vmlinux or bzImage)");
	if (header.e_machine != EM_X86_64 || header.e_ident[EI_CLASS] != ELFCLASS64)
		return dill_error_new(
			DILL_ERROR_UNSUPPORTED, "it is for %s: dill knows x86-64 only",
			machine_of_elf(header.e_machine, header.e_ident[EI_CLASS] == ELFCLASS64,
				       header.e_ident[EI_DATA] == ELFDATA2MSB));
	TRY(load_segments(elf));
	load_sections(elf);
	return NULL;
}

struct dill_error *image_elf_init(struct span bytes, struct image_elf *ret)
{
	struct image_elf elf = {.bytes = bytes};
	struct dill_error *error = load_headers(&elf);

	if (error) {
		image_elf_deinit(&elf);
		return error;
	}
	*ret = elf;
	return NULL;
}

void image_elf_deinit(struct image_elf *elf)
{
	elf_end(elf->elf);
	*elf = (struct image_elf){0};
}

/** Where @p text begins in @p bytes, and all that follows it; empty when it is not there. */
static struct span search(struct span bytes, struct span text)
{
	const uint8_t *found =
		bytes.size ? memmem(bytes.data, bytes.size, text.data, text.size) : NULL;

	return found ? span_cut(bytes, (size_t)(found - bytes.data), bytes.size) : (struct span){0};
}

bool image_elf_holds(const struct image_elf *elf, struct span bytes)
{
	for (size_t i = 0; i < elf->segment_count; i++)
		if (search(elf->segments[i].bytes, bytes).size)
			return true;
	return false;
}

struct span image_elf_last(const struct image_elf *elf, struct span text)
{
	struct span last = {0};

	for (size_t i = 0; i < elf->segment_count; i++) {
		struct span found = search(elf->segments[i].bytes, text);

		for (; found.size; found = search(span_cut(found, 1, found.size), text))
			last = found;
	}
	return last;
}

/* --- symbols --- */

/** Letter of nm for a symbol; only the ones whose meaning dill shows. */
static char symbol_kind(const struct image_elf *elf, const GElf_Sym *symbol)
{
	bool local = GELF_ST_BIND(symbol->st_info) == STB_LOCAL;
	GElf_Shdr header;
	char kind;

	if (symbol->st_shndx == SHN_ABS)
		return local ? 'a' : 'A';
	if (GELF_ST_BIND(symbol->st_info) == STB_WEAK)
		return 'W';
	if (!gelf_getshdr(elf_getscn(elf->elf, symbol->st_shndx), &header))
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

static struct dill_error *load_symtab(const struct image_elf *elf, struct symbol_table *ret)
{
	GElf_Shdr header;
	Elf_Data *data = gelf_getshdr(elf->symtab, &header) ? elf_getdata(elf->symtab, NULL) : NULL;
	size_t count = data && header.sh_entsize ? data->d_size / header.sh_entsize : 0;

	for (size_t i = 1; i < count && i <= INT32_MAX; i++) {
		const char *name;
		GElf_Sym symbol;

		if (!gelf_getsym(data, (int)i, &symbol) || symbol.st_shndx == SHN_UNDEF ||
		    GELF_ST_TYPE(symbol.st_info) == STT_SECTION ||
		    GELF_ST_TYPE(symbol.st_info) == STT_FILE)
			continue;
		name = elf_strptr(elf->elf, header.sh_link, symbol.st_name);
		if (name && is_name(name))
			TRY(symbol_table_add(ret, symbol.st_value, symbol_kind(elf, &symbol), name,
					     strlen(name)));
	}
	return NULL;
}

/** Decode the symbol table that a stripped kernel still carries for itself. */
static struct dill_error *load_kallsyms(const struct image_elf *elf, struct symbol_table *ret)
{
	for (size_t i = 0; i < elf->segment_count; i++) {
		struct span bytes = elf->segments[i].bytes;
		dill_virt address = elf->segments[i].address;
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

struct dill_error *image_elf_symbols(const struct image_elf *elf, struct symbol_table *ret,
				     const char **ret_how)
{
	*ret_how = "symbol table";
	if (elf->symtab)
		TRY(load_symtab(elf, ret));
	if (!ret->entries.count) {
		*ret_how = "kallsyms";
		TRY(load_kallsyms(elf, ret));
	}
	return symbol_table_index(ret);
}
