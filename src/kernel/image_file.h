/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_IMAGE_FILE_H
#define KERNEL_IMAGE_FILE_H

#include <dill/target.h>

#include "kernel/symbol_table.h"
#include "types/type.h"

/**
 * What a kernel's file says: for targets that carry no symbol table or no BTF of their own. Whoever
 * uses it compares the banner with the target's first.
 */
struct image_file {
	dill_virt linked_base;	     /**< _text */
	char *banner;		     /**< linux_banner, raw, with its newline */
	struct symbol_table symbols; /**< at their linked addresses, indexed */
	const char *symbols_how;     /**< "symbol table" or "kallsyms" */
	uint8_t *btf; /**< from malloc, NULL when there is none; image_file_types() takes it */
	size_t btf_size;
	bool has_dwarf;
	char *path;
};

/**
 * Read a kernel's file.
 *
 * @param path  vmlinux (ELF), or bzImage with an ELF inside, compressed in any way that libarchive
 * was built for
 * @return NULL; OS when it cannot be read; UNSUPPORTED when it is no x86-64 kernel; BAD_DATA;
 * LIMIT; NOT_FOUND without symbols
 */
DILL_MUST_CHECK struct dill_error *image_file_open(const char *path, struct image_file **ret);

/** Types of the file: BTF, else DWARF. NOT_FOUND when it has neither. Call once. */
DILL_MUST_CHECK struct dill_error *image_file_types(struct image_file *file, struct types **ret,
						    const char **ret_how);

void image_file_free(struct image_file *file);
DEFINE_CLEANUP(struct image_file *, image_file_free)

#endif
