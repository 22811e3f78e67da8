/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_KERNEL_H
#define KERNEL_KERNEL_H

#include "base/array.h"
#include "kernel/kernel_types.h"
#include "kernel/symbol.h"
#include "kernel/vm.h"
#include "target/memory.h"
#include "types/type.h"

/**
 * The kernel that runs in a target: where its image is, its symbols and types, its page tables and
 * per-CPU data.
 *
 * Opened from memory alone. Addresses and tables that cannot change while this kernel runs are read
 * once; a reboot into another kernel is noticed by kernel_refresh().
 */
struct kernel;

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
};

struct kernel_options {
	/** vmlinux (ELF) or bzImage for a target that has no kallsyms or BTF of its own; NULL for
	 * none. One of another kernel is an error, whether it is needed or not. */
	const char *image_path;
	/** Neither use nor keep what is read of this build in the user's cache (build.c). */
	bool no_cache;
	/** The file is the debugger's, which may be of anything: dropped when it is not this
	 * kernel's and not needed. */
	bool image_is_offered;
	/** Of several kernels in one memory the one to open: its number in kernels_find(), counted
	 * from 1, or the virtual or physical address of its image. NULL = the one that runs, else
	 * the first that is found. */
	const char *choice;
};

/**
 * Find the kernel of a target; call between memory_begin() and memory_end().
 * @param memory  borrowed, must outlive the kernel
 * @return NULL; NOT_FOUND when there is no Linux kernel (yet); UNSUPPORTED (not x86-64); FAULT,
 * BAD_DATA
 */
DILL_MUST_CHECK struct dill_error *kernel_open(struct memory *memory,
					       const struct kernel_options *options,
					       struct kernel **ret);
void kernel_free(struct kernel *kernel);
DEFINE_CLEANUP(struct kernel *, kernel_free)

/* --- several kernels in one memory (kernel/search.c) --- */

/** A kernel whose page tables and image lie in memory. */
struct kernel_found {
	dill_virt base;	  /**< of its image */
	dill_phys phys;	  /**< physical address of base */
	dill_phys root;	  /**< its top table, or that of a process of its */
	unsigned levels;  /**< of its page tables */
	bool by_info;	  /**< found by its VMCOREINFO */
	char release[65]; /**< such as "6.12.9-amd64", printable; empty when it is not known */
};

struct kernel_list {
	ARRAY(struct kernel_found) found; /**< by physical address */
	bool is_cut;			  /**< not all of memory was searched */
};

/**
 * Search memory for kernels: a dump may hold the one that has crashed and the one that has taken
 * its place to write the dump.
 * @param limit  bytes that are searched; 0 = all
 * @param ret    empty; to be given to kernel_list_deinit(), also after an error
 * @return NULL, also for a target that does not tell where its memory is: that has none; fatal
 * errors
 */
DILL_MUST_CHECK struct dill_error *kernels_find(struct memory *memory, uint64_t limit,
						struct kernel_list *ret);
void kernel_list_deinit(struct kernel_list *list);

/**
 * Call after memory_begin() when the target may have run: forgets translations, and checks that it
 * is still the same kernel at the same place. BAD_DATA when it is another one (rebooted): open
 * again then.
 */
DILL_MUST_CHECK struct dill_error *kernel_refresh(struct kernel *kernel);

const struct kernel_facts *kernel_facts(struct kernel *kernel);

/* --- per-CPU data and nodes (kernel/percpu.c) --- */

/** One past the largest possible CPU number (nr_cpu_ids). */
unsigned kernel_cpu_limit(struct kernel *kernel);
bool kernel_cpu_possible(struct kernel *kernel, unsigned cpu);
bool kernel_cpu_online(struct kernel *kernel, unsigned cpu);
/**
 * Address of the per-CPU object @p pointer (a __percpu value or a per-CPU symbol's value) on @p
 * cpu; 0 when @p cpu is not below kernel_cpu_limit(). The addition is the same whether per-CPU
 * symbols are offsets (x86-64 to 6.14) or ordinary addresses (6.15 on).
 */
dill_virt kernel_percpu_address(struct kernel *kernel, dill_virt pointer, unsigned cpu);
DILL_MUST_CHECK struct dill_error *kernel_percpu_symbol(struct kernel *kernel, const char *name,
							unsigned cpu, dill_virt *ret);
/** One past the largest possible NUMA node (nr_node_ids), 1 without NUMA. */
unsigned kernel_node_limit(struct kernel *kernel);

/**
 * Whether a CPU was stopped inside of one of these functions: its instruction pointer or a word of
 * its stack that looks like a return address lies in one. A leftover on the stack may make it true
 * without need; false where the target has no registers.
 * @param functions  names, ends with NULL
 * @return NULL; fatal errors
 */
DILL_MUST_CHECK struct dill_error *kernel_cpu_inside(struct kernel *kernel, unsigned cpu,
						     const char *const *functions, bool *ret);

/**
 * Whether a CPU was stopped in the kernel with interrupts off; false where the target has no
 * registers.
 * @return NULL; fatal errors
 */
DILL_MUST_CHECK struct dill_error *kernel_cpu_masked(struct kernel *kernel, unsigned cpu,
						     bool *ret);

/**
 * Whether no CPU uses the page tables of this kernel any more: memory of a kernel that is gone may
 * still look as it did, when another one was put elsewhere. The target is stopped. (locate.c)
 * @param ret  false also when that cannot be told
 * @return NULL; what reading registers fails with
 */
DILL_MUST_CHECK struct dill_error *kernel_has_left(struct kernel *kernel, bool *ret);

/* --- time (kernel/jiffies.c) --- */

struct jiffies {
	uint64_t now;	      /**< the counter */
	uint64_t nanoseconds; /**< of one: 10^9 / HZ */
};

/**
 * Read the kernel's clock of ticks.
 * @return NULL; NOT_FOUND, FAULT or BAD_DATA when this kernel does not tell; fatal errors
 *
 * Source: kernel/time/jiffies.c clocksource_jiffies, whose mult and shift say how long a jiffy is
 */
DILL_MUST_CHECK struct dill_error *kernel_jiffies(struct kernel *kernel, struct jiffies *ret);

/* --- struct page (kernel/page.c) --- */

/** Facts of the memory map (include/asm/page_64.h, pgtable_64_types.h; relocated by KASLR). */
struct memory_map {
	dill_virt page_offset; /**< start of the direct map */
	dill_virt vmemmap;     /**< array of struct page */
	uint64_t page_struct_size;
	uint64_t direct_size; /**< bytes of physical memory the kernel knows of (max_pfn), the bound
				 of both */
};
/** Borrowed. page_struct_size is 0 when neither VMCOREINFO nor the types tell it: then nothing is a
 * page. */
const struct memory_map *kernel_memory_map(struct kernel *kernel);
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
/**
 * NUMA node in a page's flags word (include/linux/mmzone.h, SPARSEMEM_VMEMMAP). May be a node that
 * does not exist: the caller checks. 0 when the types do not tell how many bits a node has.
 */
unsigned kernel_page_flags_node(struct kernel *kernel, uint64_t flags);

#endif
