/* SPDX-License-Identifier: MIT */
#include "target/elf_segments.h"

#include "base/machine.h"

/* QEMU writes one for each block of memory, makedumpfile -E one for each run of pages. */
#define SEGMENTS_MAX (UINT64_C(1) << 24)

static struct dill_error *visit_all(Elf *elf, elf_segment_visitor visit, void *context)
{
	GElf_Ehdr header;
	size_t count;

	if (!gelf_getehdr(elf, &header))
		return dill_error_new(DILL_ERROR_BAD_DATA, "its ELF header is broken");
	if (header.e_machine != EM_X86_64 || header.e_ident[EI_CLASS] != ELFCLASS64 ||
	    header.e_ident[EI_DATA] != ELFDATA2LSB)
		return dill_error_new(
			DILL_ERROR_UNSUPPORTED, "an ELF file for %s: dill knows x86-64 only",
			machine_of_elf(header.e_machine, header.e_ident[EI_CLASS] == ELFCLASS64,
				       header.e_ident[EI_DATA] == ELFDATA2MSB));
	if (header.e_type != ET_CORE)
		return dill_error_new(
			DILL_ERROR_UNSUPPORTED,
			"an ELF file, but no dump of memory (a kernel's file goes with "
			"--vmlinux)");
	if (!header.e_phnum && header.e_shnum)
		return dill_error_new(
			DILL_ERROR_UNSUPPORTED,
			"an ELF file with sections and no segments, as \"xl dump-core\" of Xen "
			"writes it: use crash, or kdump within the guest");
	if (elf_getphdrnum(elf, &count) || !count)
		return dill_error_new(DILL_ERROR_BAD_DATA, "the ELF dump has no program headers, "
							   "or they are cut off");
	if (count > SEGMENTS_MAX)
		return dill_error_new(DILL_ERROR_LIMIT, "the ELF dump has %zu segments", count);
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr segment;

		if (!gelf_getphdr(elf, (int)i, &segment))
			return dill_error_new(DILL_ERROR_BAD_DATA,
					      "the ELF dump is cut off in its program headers");
		TRY(visit(context, &segment));
	}
	return NULL;
}

struct dill_error *elf_segments_visit(struct span head, elf_segment_visitor visit, void *context)
{
	struct dill_error *error;
	Elf *elf;

	if (elf_version(EV_CURRENT) == EV_NONE)
		return dill_error_new(DILL_ERROR_UNSUPPORTED, "libelf is too old");
	/* The bytes are only read; libelf's interface knows no const. */
	elf = elf_memory((char *)head.data, head.size);
	if (!elf || elf_kind(elf) != ELF_K_ELF) {
		elf_end(elf);
		return dill_error_new(DILL_ERROR_BAD_DATA, "its ELF header is broken");
	}
	error = visit_all(elf, visit, context);
	elf_end(elf);
	return error;
}
