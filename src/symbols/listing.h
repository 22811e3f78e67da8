/* SPDX-License-Identifier: MIT */
#ifndef SYMBOLS_LISTING_H
#define SYMBOLS_LISTING_H

#include "symbols/symbol_file.h"

/**
 * Write a System.map: address, letter and name of each symbol, by address, as nm prints them; those
 * of modules with "[module]" behind, as /proc/kallsyms has them.
 * @param ret  as symbol_file_write()
 */
DILL_MUST_CHECK struct dill_error *symbol_map_write(struct kernel *kernel,
						    const struct symbol_file_request *request,
						    int fd, struct symbol_file_counts *ret);

/**
 * Write the kernel's BTF as it lies in its memory, for pahole, bpftool and libbpf.
 * @return NULL; NOT_FOUND when the kernel carries none; BAD_DATA when it is none
 */
DILL_MUST_CHECK struct dill_error *symbol_btf_write(struct kernel *kernel, int fd,
						    struct symbol_file_counts *ret);

#endif
