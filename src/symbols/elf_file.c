/* SPDX-License-Identifier: MIT */
#include "symbols/elf_file.h"

#include <errno.h>
#include <libelf.h>

static struct dill_error *elf_failed(void)
{
	const char *text = elf_errmsg(-1);

	return dill_error_new(DILL_ERROR_OS, "cannot write it: %s", text ? text : "libelf");
}

static void elf_endp(Elf **elf)
{
	elf_end(*elf);
}

static Elf_Type data_type(uint32_t type)
{
	return type == SHT_SYMTAB ? ELF_T_SYM : ELF_T_BYTE;
}

static struct dill_error *add_section(Elf *elf, const struct elf_section *section, uint32_t name)
{
	Elf_Scn *place = elf_newscn(elf);
	Elf64_Shdr *header = place ? elf64_getshdr(place) : NULL;
	Elf_Data *data = header ? elf_newdata(place) : NULL;

	if (!data)
		return elf_failed();
	header->sh_name = name;
	header->sh_type = section->type;
	header->sh_flags = section->flags;
	header->sh_addr = section->address;
	header->sh_link = section->link;
	header->sh_info = section->info;
	header->sh_entsize = section->entry_size;
	data->d_type = data_type(section->type);
	data->d_align = section->alignment ? section->alignment : 1;
	data->d_version = EV_CURRENT;
	if (section->type == SHT_NOBITS) {
		data->d_size = section->size;
		return NULL;
	}
	/* NOLINTNEXTLINE(performance-no-int-to-ptr): libelf only reads it */
	data->d_buf = (void *)(uintptr_t)section->content.data;
	data->d_size = section->content.size;
	return NULL;
}

static struct dill_error *add_header(Elf *elf, size_t names_index)
{
	Elf64_Ehdr *header = elf64_newehdr(elf);

	if (!header)
		return elf_failed();
	header->e_ident[EI_DATA] = ELFDATA2LSB;
	header->e_type = ET_EXEC;
	header->e_machine = EM_X86_64;
	header->e_version = EV_CURRENT;
	header->e_shstrndx = (Elf64_Half)names_index;
	return NULL;
}

/* A segment for each part of memory, with nothing of it in the file. */
static struct dill_error *add_segments(Elf *elf, const struct elf_section *sections, size_t count)
{
	size_t segments = 0, done = 0;
	Elf64_Phdr *table;

	for (size_t i = 0; i < count; i++)
		segments += sections[i].type == SHT_NOBITS;
	table = elf64_newphdr(elf, segments);
	if (!table)
		return segments ? elf_failed() : NULL;
	for (size_t i = 0; i < count; i++) {
		const struct elf_section *section = &sections[i];

		if (section->type != SHT_NOBITS)
			continue;
		table[done++] = (Elf64_Phdr){
			.p_type = PT_LOAD,
			.p_flags = PF_R | (section->flags & SHF_WRITE ? PF_W : 0u) |
				   (section->flags & SHF_EXECINSTR ? PF_X : 0u),
			.p_vaddr = section->address,
			.p_paddr = section->address,
			.p_memsz = section->size,
			.p_align = 1,
		};
	}
	return NULL;
}

/* Where the headers of the file end, so that each segment lies in it. */
static struct dill_error *place_segments(Elf *elf)
{
	size_t count;

	if (elf_getphdrnum(elf, &count) != 0 || elf_update(elf, ELF_C_NULL) < 0)
		return elf_failed();

	Elf64_Phdr *table = elf64_getphdr(elf);
	size_t done = 0;

	for (Elf_Scn *scn = NULL; (scn = elf_nextscn(elf, scn)) && done < count;) {
		Elf64_Shdr *header = elf64_getshdr(scn);

		if (header && header->sh_type == SHT_NOBITS)
			table[done++].p_offset = header->sh_offset;
	}
	elf_flagphdr(elf, ELF_C_SET, ELF_F_DIRTY);
	return NULL;
}

static struct dill_error *add_sections(Elf *elf, const struct elf_section *sections, size_t count,
				       struct bytes *names)
{
	struct elf_section table = {.name = ".shstrtab", .type = SHT_STRTAB};

	bytes_add_u8(names, 0);
	for (size_t i = 0; i < count; i++) {
		uint32_t name = bytes_add_text(names, sections[i].name);

		TRY(add_section(elf, &sections[i], name));
	}

	uint32_t name = bytes_add_text(names, table.name);

	TRY(bytes_error(names));
	table.content = bytes_span(names);
	return add_section(elf, &table, name);
}

static struct dill_error *write_elf(Elf *elf, const struct elf_section *sections, size_t count,
				    struct bytes *names)
{
	TRY(add_header(elf, count + 1));
	TRY(add_segments(elf, sections, count));
	TRY(add_sections(elf, sections, count, names));
	TRY(place_segments(elf));
	return elf_update(elf, ELF_C_WRITE) < 0 ? elf_failed() : NULL;
}

struct dill_error *elf_file_write(int fd, const struct elf_section *sections, size_t count)
{
	struct bytes names = {0};
	struct dill_error *error;

	if (count >= ELF_SECTIONS_MAX)
		return dill_error_new(DILL_ERROR_LIMIT, "too many sections for one file");
	if (elf_version(EV_CURRENT) == EV_NONE)
		return elf_failed();

	_cleanup_(elf_endp)
	Elf *elf = elf_begin(fd, ELF_C_WRITE, NULL);

	error = elf ? write_elf(elf, sections, count, &names) : elf_failed();
	bytes_deinit(&names);
	return error;
}
