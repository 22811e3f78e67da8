/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_VM_H
#define KERNEL_VM_H

#include "arch/paging.h"
#include "base/error.h"
#include "target/target.h"

struct image;
struct kernel;
struct pagetable;

/** The target's memory. Borrowed. */
struct target *kernel_target(struct kernel *kernel);
/** The image's parts, as the page tables show them. Borrowed. */
const struct image *kernel_image(struct kernel *kernel);

/**
 * Read kernel virtual memory through the kernel's own page tables.
 * @return NULL; FAULT with the first address that is not mapped or not readable; fatal errors of
 * the target
 */
DILL_MUST_CHECK struct dill_error *kernel_read(struct kernel *kernel, dill_virt address,
					       void *buffer, size_t length);
DILL_MUST_CHECK struct dill_error *kernel_read_u8(struct kernel *kernel, dill_virt address,
						  uint8_t *ret);
DILL_MUST_CHECK struct dill_error *kernel_read_u32(struct kernel *kernel, dill_virt address,
						   uint32_t *ret);
DILL_MUST_CHECK struct dill_error *kernel_read_u64(struct kernel *kernel, dill_virt address,
						   uint64_t *ret);

/**
 * Read a NUL-terminated string, at most @p limit bytes; longer ones are cut. Raw bytes: escape
 * before display.
 * @param ret  from malloc, NUL-terminated, the caller's
 */
DILL_MUST_CHECK struct dill_error *kernel_read_string(struct kernel *kernel, dill_virt address,
						      size_t limit, char **ret);
/** Prefetch what reads at @p addresses (any alignment, duplicates welcome) will need; unmapped ones
 * are no error. */
DILL_MUST_CHECK struct dill_error *kernel_prefetch(struct kernel *kernel,
						   const dill_virt *addresses, size_t count);
/** Read past the cache, for large runs that are looked at once. */
DILL_MUST_CHECK struct dill_error *kernel_read_uncached(struct kernel *kernel, dill_virt address,
							void *buffer, size_t length);

/**
 * Look at kernel memory where the target has it mapped, without a copy; see target_map_phys().
 * @return @p length bytes; NULL when they cannot be had so: kernel_read_uncached() them then
 */
const void *kernel_map(struct kernel *kernel, dill_virt address, size_t length);

/**
 * List what is mapped in [@p first, @p last], in order of address; as pagetable_runs().
 * @return NULL; LIMIT when the page tables have no end, with all runs visited up to there;
 * UNSUPPORTED on a target without physical reads
 */
DILL_MUST_CHECK struct dill_error *kernel_mapped_runs(
	struct kernel *kernel, dill_virt first, dill_virt last,
	struct dill_error *(*visit)(void *context, const struct mapping_run *run), void *context);
/** A copy of the kernel's page tables, to be walked with another reader; false when the target
 * serves virtual addresses only. */
bool kernel_page_tables(struct kernel *kernel, struct pagetable *ret);
/** FAULT when nothing is mapped there. UNSUPPORTED on a target without physical reads. */
DILL_MUST_CHECK struct dill_error *kernel_translate(struct kernel *kernel, dill_virt address,
						    struct mapping *ret);

/**
 * Forget what was read of the target, and the translations that this gave: it has run, or runs,
 * between target_begin() and target_end(). The one way to read anew while a kernel is open: pages
 * alone would be looked for where they were before.
 */
void kernel_forget(struct kernel *kernel);

/* --- for the rest of this room --- */

/** Go over to other page tables. */
void vm_init(struct kernel *kernel, dill_phys root, struct paging paging);
/** Forget the translations alone, where what was read is dropped already. */
void vm_forget(struct kernel *kernel);

/**
 * Read what can be read of a large range past the cache; the rest is zeros.
 * @return fatal errors of the target only
 */
DILL_MUST_CHECK struct dill_error *vm_read_lenient(struct kernel *kernel, dill_virt address,
						   void *buffer, size_t length);

#endif
