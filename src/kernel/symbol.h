/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_SYMBOL_H
#define KERNEL_SYMBOL_H

#include <dill/target.h>

#include "base/error.h"

struct kernel;

struct symbol {
	const char *name; /**< borrowed, lives as long as the kernel; printable ASCII */
	dill_virt address;
	char kind; /**< letter as in nm */
};

/** Run-time address of a symbol of the kernel image (not of modules); of several with the name the
 * lowest. For per-CPU ones see kernel_percpu_symbol(). NOT_FOUND with near
 * matches. */
DILL_MUST_CHECK struct dill_error *kernel_symbol(struct kernel *kernel, const char *name,
						 dill_virt *ret);
bool kernel_has_symbol(struct kernel *kernel, const char *name, dill_virt *ret);
/** The symbol at or before a text or data address, for "function+0x1c"; NOT_FOUND outside of the
 * image, and where the symbol before ends something or is too far to be meant. */
DILL_MUST_CHECK struct dill_error *kernel_symbol_at(struct kernel *kernel, dill_virt address,
						    struct symbol *ret);
/** Bytes from a symbol's address to the next one's: at least the size of the variable there, with
 * what the compiler leaves behind it; 0 when no symbol begins at @p address, or none follows. */
uint64_t kernel_symbol_room(struct kernel *kernel, dill_virt address);
/** Call @p visit for every symbol whose name starts with @p prefix, in order of address; its error
 * ends the walk. */
DILL_MUST_CHECK struct dill_error *kernel_each_symbol(
	struct kernel *kernel, const char *prefix,
	struct dill_error *(*visit)(void *context, const struct symbol *symbol), void *context);

/** The section with string literals and other data that never changes. */
#define IMAGE_CONSTANTS ".rodata"

/** Section of the kernel image by the linker's symbols, ".text"; NULL when it is in none. */
const char *kernel_image_section(struct kernel *kernel, dill_virt address);

/** Number of kernel_image_section_at(). */
#define IMAGE_SECTIONS 8u

/** One of the sections that kernel_image_section() knows, by its linker's symbols; they may lie in
 * each other: the one with the smaller @p index counts. False when this kernel has it not. */
bool kernel_image_section_at(struct kernel *kernel, unsigned index, const char **ret_name,
			     dill_virt *ret_first, dill_virt *ret_end);

/* --- for the rest of this room --- */

struct symbol_entry;
/**
 * The symbol with the largest value that is not above @p value, of the target's own and, where
 * these are functions only, the file's; NULL when there is none.
 */
const struct symbol_entry *kernel_nearest_symbol(struct kernel *kernel, uint64_t value,
						 const char **ret_name);

#endif
