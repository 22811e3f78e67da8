/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_VMCOREINFO_H
#define KERNEL_VMCOREINFO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

/** Addresses [first, end); empty when they are not told. */
struct vmcoreinfo_range {
	uint64_t first, end;
};

/**
 * What dill uses of the kernel's VMCOREINFO: "KEY=VALUE" lines that the kernel keeps for crash
 * dumps.
 * Source: kernel/vmcore_info.c (kernel/crash_core.c before 6.9),
 * Documentation/admin-guide/kdump/vmcoreinfo.rst
 */
struct vmcoreinfo {
	bool has_kernel_offset;
	uint64_t kernel_offset; /**< KERNELOFFSET, the slide of KASLR */
	bool has_page_size;
	uint64_t page_struct_size; /**< SIZE(page) */
	bool has_tables;	   /**< the three that follow */
	uint64_t tables;	   /**< SYMBOL(swapper_pg_dir), the kernel's own top table */
	uint64_t phys_base;	   /**< NUMBER(phys_base), modulo 2^64: physical address of
				      0xffffffff80000000 */
	bool five_levels;	   /**< NUMBER(pgtable_l5_enabled) */
	/* What arm64 adds. */
	bool has_phys_offset;
	uint64_t phys_offset;  /**< NUMBER(PHYS_OFFSET), modulo 2^64 */
	uint64_t address_bits; /**< NUMBER(VA_BITS), as configured; 0 = not known */
	bool has_memory_map;
	uint64_t memory_map; /**< SYMBOL(vmemmap): struct page of frame 0 */
	struct vmcoreinfo_range modules, vmalloc;
};

/** Parse the text; unknown, broken and missing lines are left out. */
void vmcoreinfo_parse(struct span text, struct vmcoreinfo *ret);

#endif
