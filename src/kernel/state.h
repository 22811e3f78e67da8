/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_STATE_H
#define KERNEL_STATE_H

#include "kernel/image.h"
#include "kernel/image_file.h"
#include "kernel/kernel.h"
#include "kernel/members.h"
#include "kernel/pagetable.h"
#include "kernel/symbol_table.h"
#include "kernel/vmcoreinfo.h"

/* What the files of this folder share; nobody outside includes this. */

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

#define IDENTITY_SIZE 512u

struct kernel {
	struct memory *memory;
	struct vm vm;
	struct image image;
	struct symbol_table symbols;
	/** The file's, for what the target's own have not; empty until one was missed. */
	struct symbol_table file_symbols;
	bool file_was_asked;	/**< for those, or there is nothing to ask it for */
	bool symbols_lack_data; /**< the target's own are functions only: no CONFIG_KALLSYMS_ALL */
	struct types *types;
	struct kept_failure no_types;
	struct vmcoreinfo vmcoreinfo;
	struct cpus cpus;
	struct memory_map map;
	struct page_layout page_layout;
	struct kernel_members members;
	bool has_members;
	struct kernel_facts facts;
	char *banner, *symbols_how; /**< owned texts of the facts */
	struct image_file *file;    /**< the user's; NULL when there is none */
	bool file_is_offered;	    /**< kernel_options.image_is_offered */
	bool keeps_builds;	    /**< kernel_options.no_cache was not given */
	bool build_is_known;	    /**< symbols are those that were kept (build.c) */
	bool symbols_are_own;	    /**< they were read from the target */
	uint8_t *build_btf;	    /**< kept types that nobody has asked for yet; NULL = none */
	size_t build_btf_size;
	/** Bytes that make this kernel this kernel, compared by kernel_refresh(). */
	dill_virt banner_address;
	uint8_t identity[IDENTITY_SIZE];
	uint64_t epoch; /**< of the memory, when all this was last read or checked */
};

/* locate.c */
/** Find the image: sets kernel->vm, kernel->image and the facts that follow from these.
 * @param choice  as kernel_options.choice */
DILL_MUST_CHECK struct dill_error *kernel_locate(struct kernel *kernel, const char *choice);
/**
 * Look for the image below one top table.
 * @return NULL: kernel->vm, kernel->image and the number of levels are set; as image_find()
 */
DILL_MUST_CHECK struct dill_error *kernel_try_root(struct kernel *kernel, dill_phys root,
						   unsigned levels);
/**
 * Go over from a process's page tables, which die with it, to the kernel's own; keeps the former
 * when these do not show the same image. Needs the symbols.
 */
DILL_MUST_CHECK struct dill_error *kernel_use_own_tables(struct kernel *kernel);

/* search.c */
/** Find the image without registers: by the VMCOREINFO of a dump, else by page tables that lie
 * anywhere in physical memory. NULL; UNSUPPORTED where the target does not tell where memory is;
 * NOT_FOUND; LIMIT; fatal errors */
DILL_MUST_CHECK struct dill_error *kernel_search(struct kernel *kernel);

/** Go to a kernel that was found. As kernel_try_root() */
DILL_MUST_CHECK struct dill_error *kernel_use_found(struct kernel *kernel,
						    const struct kernel_found *found);

/* kernel_file.c */
DILL_MUST_CHECK struct dill_error *kernel_file_open(struct kernel *kernel,
						    const struct kernel_options *options);
/** Refuse a file that is another kernel's, or another build of it. Needs the banner. */
DILL_MUST_CHECK struct dill_error *kernel_file_check(struct kernel *kernel);
/** For a target that has symbols of its own: kernel_file_check(), but a wrong file that was merely
 * offered is dropped with a remark. */
DILL_MUST_CHECK struct dill_error *kernel_file_settle(struct kernel *kernel);
/**
 * Read the ELF note with the build id of the running kernel; empty when there is none.
 * @param buffer  BUILD_NOTE_MAX bytes, which hold it then
 */
DILL_MUST_CHECK struct dill_error *kernel_build_note(struct kernel *kernel, uint8_t *buffer,
						     struct span *ret, dill_virt *ret_address);

/* build.c */
/** Take symbols and types that were kept of this build, if they were, where reading them takes
 * long; sets build_is_known. NULL; fatal errors */
DILL_MUST_CHECK struct dill_error *kernel_build_find(struct kernel *kernel);
/** The kept types; kernel->build_btf is there. */
DILL_MUST_CHECK struct dill_error *kernel_build_types(struct kernel *kernel, struct types **ret);
/** Keep the symbols, and the BTF when there is some, for the next time. NULL; fatal errors */
DILL_MUST_CHECK struct dill_error *kernel_build_keep(struct kernel *kernel, struct span btf);

/* percpu.c */
DILL_MUST_CHECK struct dill_error *cpus_load(struct kernel *kernel);
void cpus_deinit(struct cpus *cpus);

/* page.c */
DILL_MUST_CHECK struct dill_error *memory_map_load(struct kernel *kernel);

#endif
