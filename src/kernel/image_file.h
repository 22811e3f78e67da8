/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_IMAGE_FILE_H
#define KERNEL_IMAGE_FILE_H

#include <dill/target.h>

#include "base/span.h"
#include "kernel/symbol_table.h"
#include "types/type.h"

/**
 * A kernel's file: vmlinux (ELF), or bzImage with an ELF inside, compressed in any way that
 * libarchive was built for. For targets that carry no symbol table or no types of their own.
 *
 * A vmlinux with debug information has hundreds of megabytes, so that it is mapped, and only what
 * is asked for is read.
 */
struct image_file;

/**
 * Open a kernel's file.
 * @return NULL; OS when it cannot be read; INVALID_ARGUMENT, LIMIT; UNSUPPORTED when it is empty or
 * not for x86-64; BAD_DATA
 */
DILL_MUST_CHECK struct dill_error *image_file_open(const char *path, struct image_file **ret);
void image_file_free(struct image_file *file);
DEFINE_CLEANUP(struct image_file *, image_file_free)

/** What tells one build of a kernel from another. */
struct image_identity {
	const char *banner; /**< linux_banner, raw, with its newline */
	struct span note;   /**< the ELF note with the build id, as it lies in memory; empty when it
			       is   not known */
};

/**
 * Check that it is the file of the target's kernel: another one's symbols and types would look
 * right.
 *
 * @param target  what the target says of itself
 * @return NULL; INVALID_ARGUMENT when it is another kernel's; UNSUPPORTED when it is no kernel's;
 * and what unpacking a bzImage returns
 */
DILL_MUST_CHECK struct dill_error *image_file_check(struct image_file *file,
						    const struct image_identity *target);

/** Whether it has a symbol table of its own, besides what it carries for the kernel that runs. */
bool image_file_has_symtab(const struct image_file *file);

/**
 * Symbols at their linked addresses.
 *
 * @param ret       empty before; filled and indexed
 * @param ret_base  linked address of _text
 * @return NULL; NOT_FOUND when it has none; UNSUPPORTED when they are not those of a kernel;
 * BAD_DATA; OS when the file has changed; NO_MEMORY
 */
DILL_MUST_CHECK struct dill_error *image_file_symbols(struct image_file *file,
						      struct symbol_table *ret,
						      dill_virt *ret_base);

/** Types of the file: BTF, else DWARF. NOT_FOUND when it has neither; OS when it has changed. */
DILL_MUST_CHECK struct dill_error *image_file_types(struct image_file *file, struct types **ret,
						    const char **ret_how);

#endif
