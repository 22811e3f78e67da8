/* SPDX-License-Identifier: MIT */
#ifndef SYMBOLS_SYMTAB_H
#define SYMBOLS_SYMTAB_H

#include "symbols/bytes.h"
#include "symbols/sections.h"

/** A symbol that is to be written. */
struct file_symbol {
	const char *name; /**< borrowed */
	dill_virt address;
	uint64_t size; /**< bytes to the next one, or to the end of the section; 0 = not known */
	char kind;     /**< letter as in nm */
};

/** The symbols of a kernel and of its modules, by address; of one address in the kernel's order. */
struct file_symbols {
	ARRAY(struct file_symbol) all;
};

/** Add all of the kernel's. */
DILL_MUST_CHECK struct dill_error *file_symbols_of_kernel(struct kernel *kernel,
							  struct file_symbols *ret);
/** Sort what was added, and find the sizes. */
DILL_MUST_CHECK struct dill_error *file_symbols_settle(struct file_symbols *symbols,
						       const struct sections *sections);
void file_symbols_deinit(struct file_symbols *symbols);

/**
 * Make an ELF symbol table of them.
 * @param first_section  number of the first of @p sections in the file
 * @param ret_locals     number of the first symbol that is not local
 * @return NULL; NO_MEMORY
 */
DILL_MUST_CHECK struct dill_error *symtab_make(const struct file_symbols *symbols,
					       const struct sections *sections,
					       uint32_t first_section, struct bytes *ret_symbols,
					       struct bytes *ret_names, uint32_t *ret_locals);

#endif
