/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_IMAGE_ELF_H
#define KERNEL_IMAGE_ELF_H

#include <libelf.h>

#include <dill/target.h>

#include "base/span.h"
#include "kernel/symbol_table.h"

#define IMAGE_SEGMENTS_MAX 64u

/** The bytes of a kernel's ELF file, and what its headers say of them. */
struct image_elf {
	struct span bytes; /**< borrowed */
	Elf *elf;
	struct {
		dill_virt address;
		struct span bytes;
	} segments[IMAGE_SEGMENTS_MAX];
	size_t segment_count;
	Elf_Scn *symtab; /**< NULL when it is stripped */
	struct span btf; /**< empty when there is none */
	bool has_dwarf;
};

/**
 * Read the headers.
 *
 * @param bytes  borrowed; must outlive the result
 * @param ret    free it with image_elf_deinit()
 * @return NULL; UNSUPPORTED when it is no ELF for x86-64; BAD_DATA
 */
DILL_MUST_CHECK struct dill_error *image_elf_init(struct span bytes, struct image_elf *ret);
void image_elf_deinit(struct image_elf *elf);

/** True when what is loaded to memory holds @p bytes, which are not none. */
bool image_elf_holds(const struct image_elf *elf, struct span bytes);

/** The last place of @p text in what is loaded to memory, and all that follows it in its segment;
 * empty when it is not there. */
struct span image_elf_last(const struct image_elf *elf, struct span text);

/**
 * Symbols at their linked addresses, from the symbol table, else from kallsyms.
 *
 * @param ret      filled and indexed; empty before
 * @param ret_how  "symbol table" or "kallsyms"
 * @return NULL; NOT_FOUND when it has neither; BAD_DATA; NO_MEMORY
 */
DILL_MUST_CHECK struct dill_error *image_elf_symbols(const struct image_elf *elf,
						     struct symbol_table *ret,
						     const char **ret_how);

#endif
