/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_REGION_H
#define KERNEL_REGION_H

#include <dill/target.h>

#include "base/arena.h"
#include "base/error.h"

struct kernel;

/**
 * The parts of x86-64's address space.
 * Source: Documentation/arch/x86/x86_64/mm.rst; the direct map, vmalloc and the memory map are
 * moved by KASLR
 */
enum region_kind {
	REGION_USER,
	REGION_NON_CANONICAL, /**< no address at all: the upper bits are not all the same */
	REGION_DIRECT_MAP,    /**< all of physical memory */
	REGION_VMALLOC,
	REGION_MEMORY_MAP, /**< the array of struct page */
	REGION_IMAGE,	   /**< text and data of the kernel */
	REGION_MODULES,
	REGION_CPU_ENTRY, /**< stacks and tables of exceptions */
	REGION_LDT,	  /**< page-table isolation's copies of LDTs */
	REGION_ESPFIX,
	REGION_EFI,
	REGION_FIXMAP,
	REGION_UNUSED, /**< between the others */
	REGION_KINDS,
};

enum region_kind kernel_region(struct kernel *kernel, dill_virt address);

/** "direct_map", "vmalloc", ...: stable, as in JSON. */
const char *region_kind_name(enum region_kind kind);
/** "the direct map of memory", ...: for sentences. */
const char *region_kind_text(enum region_kind kind);

/**
 * What a value means that is no address of anything: "an error pointer (ERR_PTR), -12"; NULL when
 * it is nothing special.
 * @param arena  holds the text
 */
const char *kernel_special_value(uint64_t value, struct arena *arena);

/** A CPU's copy of the per-CPU data. */
struct percpu_place {
	unsigned cpu;
	bool is_static;	    /**< a variable of the kernel; else from alloc_percpu() */
	uint64_t offset;    /**< from the start of the CPU's area */
	const char *symbol; /**< the variable at or before it; NULL when unknown */
	uint64_t symbol_offset;
};

/**
 * Find an address in the CPUs' first areas: all per-CPU variables, and what alloc_percpu() has put
 * behind them.
 * @param ret_found  whether it is in one
 * @return NULL; fatal errors
 */
DILL_MUST_CHECK struct dill_error *kernel_percpu_find(struct kernel *kernel, dill_virt address,
						      struct percpu_place *ret, bool *ret_found);

/**
 * The CPU that an address in an area of alloc_percpu() belongs to, which lies in the vmalloc range.
 * @param offset  of the address in its area
 * @return false when it cannot be told: areas of several nodes, whose order is not known
 */
bool kernel_percpu_chunk_cpu(struct kernel *kernel, uint64_t offset, unsigned *ret);

/** Name of the per-CPU variable whose value is exactly @p value on kernels where that is a small
 * offset (to 6.14); else NULL. */
const char *kernel_percpu_offset_name(struct kernel *kernel, uint64_t value);

#endif
