/* SPDX-License-Identifier: MIT */
#ifndef SYMBOLS_ELF_FILE_H
#define SYMBOLS_ELF_FILE_H

#include "symbols/bytes.h"

/** A section of an ELF file that is to be written. */
struct elf_section {
	const char *name;
	uint32_t type;		/**< SHT_ */
	uint64_t flags;		/**< SHF_ */
	uint64_t address, size; /**< of memory that the file says nothing of (SHT_NOBITS) */
	struct span content;	/**< of all others */
	uint32_t link, info;	/**< as the ELF format has them for the type */
	uint64_t entry_size, alignment;
};

/** Most sections of a file: those of the kernel and of its modules. */
#define ELF_SECTIONS_MAX 8192u

/**
 * Write an x86-64 ELF file with these sections, which are numbered from 1 on; the table of their
 * names is added behind them.
 * @param fd  of an empty file, open for reading and writing
 * @return NULL; OS; NO_MEMORY
 */
DILL_MUST_CHECK struct dill_error *elf_file_write(int fd, const struct elf_section *sections,
						  size_t count);

#endif
