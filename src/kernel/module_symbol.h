/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_MODULE_SYMBOL_H
#define KERNEL_MODULE_SYMBOL_H

#include <dill/target.h>

#include "base/error.h"
#include "base/strbuf.h"

struct kernel;

/**
 * Append "function+0x1c [module]" for an address in a loaded module, as the kernel's own backtraces
 * have it; "0xffffffffc0123456 [module]" where its symbols tell nothing; nothing for addresses of
 * no module or of one that cannot be read.
 * @param zero  write "+0x0" at a symbol's start too
 * @return NULL; no memory, fatal errors of the target
 */
DILL_MUST_CHECK struct dill_error *module_append_symbol(struct kernel *kernel, dill_virt address,
							bool zero, struct strbuf *text);

/** Append the same, without a number: the name of the symbol that is exactly at @p address, or
 * nothing. */
DILL_MUST_CHECK struct dill_error *module_append_exact_symbol(struct kernel *kernel,
							      dill_virt address,
							      struct strbuf *text);

/**
 * Find a symbol of a loaded module by its name.
 * @param module  its module, where "-" and "_" are the same; NULL = any, the first that has it
 * @return NULL; NOT_FOUND when there is no such module, or none has the symbol; what the modules
 * could not be read with
 */
DILL_MUST_CHECK struct dill_error *module_find_symbol(struct kernel *kernel, const char *module,
						      const char *name, dill_virt *ret);

/** A symbol of a module, at its final address. */
struct module_symbol {
	const char *name; /**< raw bytes: escape before display; borrowed for the call */
	dill_virt address;
};

/**
 * Visit the symbols of one module that have names and places.
 * @param module  its struct module
 * @return NULL; what they could not be read with; what the visitor fails with
 */
DILL_MUST_CHECK struct dill_error *module_symbols_each(
	struct kernel *kernel, dill_virt module,
	struct dill_error *(*visit)(void *context, const struct module_symbol *symbol),
	void *context);

#endif
