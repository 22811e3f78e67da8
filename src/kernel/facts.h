/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_FACTS_H
#define KERNEL_FACTS_H

#include <stdbool.h>
#include <stdint.h>

#include <dill/target.h>

/**
 * The kernel that runs in a target: where its image is, its symbols and types, its page tables and
 * per-CPU data.
 *
 * Opened from memory alone. Addresses and tables that cannot change while this kernel runs are read
 * once; a reboot into another kernel is noticed by kernel_refresh().
 */
struct kernel;

/** Who describes the kernel's types. */
enum types_source {
	TYPES_OF_TARGET, /**< its own memory, or what was kept of this build */
	TYPES_OF_IMAGE,	 /**< the file of this kernel: --vmlinux, GDB's file */
	TYPES_OF_FILE,	 /**< a file of types, of whatever kernel: --types */
	TYPES_SOLVED,	 /**< nobody: members of the heap were solved from memory */
};

/** How something was found, for `kbase` and `dill info`. */
struct kernel_facts {
	dill_virt base;	       /**< _text of the running image */
	dill_virt linked_base; /**< _text as linked, 0xffffffff81000000 on x86-64 */
	uint64_t slide;	       /**< base - linked_base */
	bool has_phys_base;
	dill_phys phys_base;	/**< physical address of base */
	uint64_t image_size;	/**< bytes mapped for the image from base on, holes included */
	unsigned paging_levels; /**< 4 or 5 */
	const char *base_how;	/**< one clause */
	const char *slide_how;
	const char *phys_how; /**< set in any case */
	const char *banner;   /**< linux_banner without newline, escaped for display */
	const char *banner_how;
	const char *symbols_how; /**< e.g. "kallsyms in target memory, 87182 symbols" */
	const char *types_how;	 /**< e.g. "BTF in target memory" */
	enum types_source types_source;
};

/** What a test hides of a kernel, so that dill has to do without: bits of kernel_options.hide. */
enum kernel_hide {
	KERNEL_HIDE_TYPES = 1, /**< BTF, and what a file has */
	KERNEL_HIDE_DATA = 2,  /**< symbols that are no functions, as without CONFIG_KALLSYMS_ALL */
	KERNEL_HIDE_SYMBOLS = 4, /**< all symbols */
};

/** Facts of the memory map (include/asm/page_64.h, pgtable_64_types.h; relocated by KASLR). */
struct memory_map {
	dill_virt page_offset; /**< start of the direct map */
	dill_virt vmemmap;     /**< array of struct page */
	uint64_t page_struct_size;
	uint64_t direct_size; /**< bytes of physical memory the kernel knows of (max_pfn), the bound
				 of both */
	/** Where memory begins: what is below is none, and its places in both arrays, which are
	 * counted from physical address 0, may hold something else. A multiple of page_size. */
	dill_phys first;
	uint32_t page_size; /**< of the kernel, a power of two, DILL_PAGE_SIZE at least */
};

#endif
