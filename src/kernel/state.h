/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_STATE_H
#define KERNEL_STATE_H

#include "kernel/facts.h"
#include "kernel/image.h"
#include "kernel/image_file.h"
#include "kernel/kernel_members.h"
#include "kernel/pagetable.h"
#include "kernel/symbol_table.h"
#include "kernel/vmcoreinfo.h"

/* What is known of an open kernel: the cellar of this room, which nobody outside includes. */

#define TLB_SIZE 1024u

/** A remembered translation: of a page, or of 2 MiB of a large page. */
struct tlb_slot {
	dill_virt first; /**< 0 = empty: address 0 is no kernel address */
	dill_phys phys;
	bool writable, executable, user;
	uint64_t page_size; /**< of the page that maps it */
};

/** Translation of kernel addresses (vm.c). */
struct vm {
	bool paged; /**< false: the target serves virtual addresses only */
	struct pagetable tables;
	struct tlb_slot small[TLB_SIZE], large[TLB_SIZE];
};

/** Per-CPU data (percpu.c). */
struct cpus {
	unsigned limit;	    /**< nr_cpu_ids, bounded */
	uint64_t *offsets;  /**< __per_cpu_offset[limit] */
	uint64_t *possible; /**< bits; 64 per word */
	uint64_t *online;
	unsigned node_limit;
};

/** Why something could not be found, answered again without another attempt until the target has
 * run (kernel_types.c). {0} = nothing. */
struct kept_failure {
	struct dill_error *error;
	uint64_t epoch;
};

/** How struct page is read (page.c); resolved at the first use. */
struct page_layout {
	bool resolved;
	bool has_head, has_node_bits;
	uint64_t head;	    /**< offset of compound_head or compound_info */
	unsigned node_bits; /**< NODES_SHIFT */
};

/** A run of words in the image that look like the per-CPU offsets (roots.c). */
struct offset_run {
	dill_virt first;
	unsigned count;
};

/** What was found in the image, for want of symbols (roots.c). */
struct roots {
	bool found;	       /**< it was looked through */
	struct memory_map map; /**< page_offset and direct_size, by the page tables */
	dill_virt banner;      /**< its text; 0 = there is none */
	bool banner_is_whole;
	dill_virt btf; /**< BTF's first byte; 0 = there is none */
	uint64_t btf_size;
	dill_virt own_tables;	/**< a top table that is like the one in use; 0 = there is none */
	ARRAY(dill_virt) heads; /**< of lists whose entries lie in the direct map */
	ARRAY(dill_virt) idle_names; /**< texts that begin with "swapper" */
	ARRAY(dill_virt) pages;	     /**< pointers to whole pages, the VMCOREINFO's among them */
	ARRAY(struct offset_run) offsets;
	unsigned node_limit; /**< found by src/solve/; 0 = not known */
};

#define IDENTITY_SIZE 512u

struct kernel {
	struct target *target;
	const struct arch *arch;
	struct vm vm;
	struct image image;
	struct symbol_table symbols;
	/** The file's, for what the target's own have not; empty until one was missed. */
	struct symbol_table file_symbols;
	bool file_was_asked;	/**< for those, or there is nothing to ask it for */
	bool symbols_lack_data; /**< the target's own are functions only: no CONFIG_KALLSYMS_ALL */
	struct roots roots;	/**< instead of symbols */
	struct types *types;
	struct kept_failure no_types;
	char *types_path, *types_how; /**< kernel_options.types_path; NULL = none */
	struct vmcoreinfo vmcoreinfo;
	struct cpus cpus;
	struct memory_map map;
	struct page_layout page_layout;
	struct kernel_members members;
	bool has_members;
	bool members_are_solved;   /**< from memory: what is absent is not known */
	unsigned solved_node_bits; /**< NODES_SHIFT then; 0 = not known */
	struct kernel_facts facts;
	char *banner, *symbols_how; /**< owned texts of the facts */
	struct image_file *file;    /**< the user's; NULL when there is none */
	bool file_is_offered;	    /**< kernel_options.image_is_offered */
	bool is_chosen;		    /**< kernel_options.choice: it may be one that nobody runs */
	bool keeps_builds;	    /**< kernel_options.no_cache was not given */
	bool build_is_known;	    /**< symbols are those that were kept (build.c) */
	bool symbols_are_own;	    /**< they were read from the target */
	uint8_t *build_btf;	    /**< kept types that nobody has asked for yet; NULL = none */
	size_t build_btf_size;
	/** Bytes that make this kernel this kernel, compared by kernel_refresh(). */
	dill_virt banner_address;
	uint8_t identity[IDENTITY_SIZE];
	uint64_t epoch; /**< of the memory, when all this was last read or checked */
	unsigned hide;	/**< kernel_options.hide */
};

#endif
