/* SPDX-License-Identifier: MIT */
#ifndef SYMBOLS_SYMBOL_FILE_H
#define SYMBOLS_SYMBOL_FILE_H

#include "base/strbuf.h"
#include "kernel/kernel.h"

/** What a symbol file is to hold beside the kernel's symbols and how it is unwound. */
struct symbol_file_request {
	bool types;
	bool modules;
};

/** What it holds. */
struct symbol_file_counts {
	size_t symbols;
	size_t modules;
	size_t types;	   /**< ids that were described */
	size_t functions;  /**< with a prototype */
	size_t variables;  /**< with a type */
	size_t rows;	   /**< of ORC tables */
	uint64_t size;	   /**< bytes of the file */
	struct strbuf why; /**< what it lacks, and why: one line; empty when nothing */
};

/**
 * Write what is known of a kernel as an ELF file that debuggers load as they load a vmlinux: its
 * sections, without their content, and its symbols, at the addresses where they are in the target;
 * types and prototypes as DWARF; and how to unwind.
 *
 * What cannot be read of the target is left out, and `why` says so.
 * @param fd   of an empty file, open for reading and writing
 * @param ret  to be given to symbol_file_counts_deinit(), also after an error
 * @return NULL; OS; NO_MEMORY; fatal errors of the target
 */
DILL_MUST_CHECK struct dill_error *symbol_file_write(struct kernel *kernel,
						     const struct symbol_file_request *request,
						     int fd, struct symbol_file_counts *ret);
void symbol_file_counts_deinit(struct symbol_file_counts *counts);

#endif
