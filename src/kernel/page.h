/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_PAGE_H
#define KERNEL_PAGE_H

#include "base/error.h"
#include "base/span.h"
#include "kernel/facts.h"

/* Struct page, and the map of memory that it stands in. */

/** Borrowed. page_struct_size is 0 when neither VMCOREINFO nor the types tell it: then nothing is a
 * page. */
const struct memory_map *kernel_memory_map(struct kernel *kernel);
/** Bytes of the kernel's own pages, in which it counts memory: DILL_PAGE_SIZE is only what dill
 * reads at once. */
static inline uint32_t kernel_page_size(struct kernel *kernel)
{
	return kernel_memory_map(kernel)->page_size;
}

/** True for an address of memory in the direct map. */
static inline bool memory_map_is_direct(const struct memory_map *map, dill_virt address)
{
	uint64_t phys = address - map->page_offset;

	return phys >= map->first && phys < map->direct_size;
}

static inline bool kernel_is_direct(struct kernel *kernel, dill_virt address)
{
	return memory_map_is_direct(kernel_memory_map(kernel), address);
}

/** Where the array of struct page is, found in memory by somebody above (src/solve/) where neither
 * symbols nor types tell it. */
void kernel_take_memory_map(struct kernel *kernel, dill_virt vmemmap, uint64_t page_struct_size);
/** True when @p page is the address of a struct page of existing memory, exactly. */
bool kernel_is_page_struct(struct kernel *kernel, dill_virt page);
/** Direct-map address of the memory that struct page @p page stands for; @p page checked by the
 * caller. */
dill_virt kernel_page_to_virt(struct kernel *kernel, dill_virt page);
/** struct page of a direct-map address; INVALID_ARGUMENT when @p address is not in the direct map.
 */
DILL_MUST_CHECK struct dill_error *kernel_virt_to_page(struct kernel *kernel, dill_virt address,
						       dill_virt *ret);
/** Head page of the compound page that @p page belongs to (itself when it is none). */
DILL_MUST_CHECK struct dill_error *kernel_page_head(struct kernel *kernel, dill_virt page,
						    dill_virt *ret);
/** The same from a copy of @p page's struct page. */
DILL_MUST_CHECK struct dill_error *kernel_page_head_parse(struct kernel *kernel, dill_virt page,
							  struct span bytes, dill_virt *ret);
/** False when there are several nodes, and nothing tells which bits of a page's flags hold its one:
 * on kernels without types. */
bool kernel_page_nodes_known(struct kernel *kernel);
/**
 * NUMA node in a page's flags word (include/linux/mmzone.h, SPARSEMEM_VMEMMAP). May be a node that
 * does not exist: the caller checks. 0 when the types do not tell how many bits a node has.
 */
unsigned kernel_page_flags_node(struct kernel *kernel, uint64_t flags);

/* --- for the rest of this room --- */

/** Find where the map lies. */
DILL_MUST_CHECK struct dill_error *memory_map_load(struct kernel *kernel);

#endif
