/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_KERNEL_H
#define KERNEL_KERNEL_H

#include "kernel/facts.h"
#include "kernel/inside.h"
#include "kernel/jiffies.h"
#include "kernel/kernel_types.h"
#include "kernel/locate_kernel.h"
#include "kernel/page.h"
#include "kernel/percpu.h"
#include "kernel/roots.h"
#include "kernel/search.h"
#include "kernel/symbol.h"
#include "kernel/vm.h"

/*
 * The roof of this room: opening a kernel, and noticing that it is another one. Other rooms include
 * it, and have with it what an open kernel offers; of the files here none but kernel.c does.
 */

struct kernel_options {
	/** vmlinux (ELF) or bzImage for a target that has no kallsyms or BTF of its own; NULL for
	 * none. One of another kernel is an error, whether it is needed or not. */
	const char *image_path;
	/** File with the types, instead of the target's own (types_file.h): of any kernel, so that
	 * they are checked on the target. NULL for none. */
	const char *types_path;
	/** Neither use nor keep what is read of this build in the user's cache (build.c). */
	bool no_cache;
	/** The file is the debugger's, which may be of anything: dropped when it is not this
	 * kernel's and not needed. */
	bool image_is_offered;
	/** Of several kernels in one memory the one to open: its number in kernels_find(), counted
	 * from 1, or the virtual or physical address of its image. NULL = the one that runs, else
	 * the first that is found. */
	const char *choice;
	unsigned hide; /**< of enum kernel_hide; 0 but in tests (docs/testing.md) */
};

/**
 * Find the kernel of a target; call between target_begin() and target_end().
 * @param memory  borrowed, must outlive the kernel
 * @return NULL; NOT_FOUND when there is no Linux kernel (yet); UNSUPPORTED (not x86-64); FAULT,
 * BAD_DATA
 */
DILL_MUST_CHECK struct dill_error *kernel_open(struct target *target,
					       const struct kernel_options *options,
					       struct kernel **ret);
void kernel_free(struct kernel *kernel);
DEFINE_CLEANUP(struct kernel *, kernel_free)

/**
 * Call after target_begin() when the target may have run: forgets translations, and checks that it
 * is still the same kernel at the same place. BAD_DATA when it is another one (rebooted): open
 * again then.
 */
DILL_MUST_CHECK struct dill_error *kernel_refresh(struct kernel *kernel);

const struct kernel_facts *kernel_facts(struct kernel *kernel);

#endif
