/* SPDX-License-Identifier: MIT */
#ifndef TARGET_MEMORY_H
#define TARGET_MEMORY_H

#include <dill/target.h>

#include "base/error.h"
#include "base/span.h"
#include "base/strbuf.h"

/**
 * A target's memory with a page cache on top of a backend: the only way the rest of dill reads
 * anything.
 *
 * Pages stay cached until the target may have run (its generation changed) and are dropped then.
 * The cache is bounded; the oldest pages make room.
 */
struct memory;
struct arch;

/**
 * @param ops      borrowed, must outlive the memory
 * @param context  handed to every op; closed with ops->close() by memory_free(), but still the
 *                 caller's after an error
 * @param host     copied
 */
DILL_MUST_CHECK struct dill_error *memory_new(const struct dill_target_ops *ops, void *context,
					      const struct dill_host *host, struct memory **ret);
void memory_free(struct memory *memory);

/** Bracket around every command: ops->begin(), and a drop of the cache when the target has run
 * since. */
DILL_MUST_CHECK struct dill_error *memory_begin(struct memory *memory);
DILL_MUST_CHECK struct dill_error *memory_end(struct memory *memory);

/**
 * What ops->lacks() says, for a caller that tells it with something else: memory_end() then does
 * not log it. NULL = nothing; valid until the next call.
 */
const char *memory_take_lacks(struct memory *memory);

/** True when the target runs while it is read. */
bool memory_moves(const struct memory *memory);
/** True when every byte costs, so that only what an answer needs should be read; between begin and
 * end. */
bool memory_is_slow(const struct memory *memory);
/** True when the target serves @p space; valid between begin and end. */
bool memory_has_space(struct memory *memory, enum dill_space space);

/**
 * Read @p length bytes at @p address.
 * @return NULL; FAULT with the first unreadable address; what the backend failed with; INTERRUPTED
 */
DILL_MUST_CHECK struct dill_error *memory_read(struct memory *memory, enum dill_space space,
					       uint64_t address, void *buffer, size_t length);

/**
 * Bring pages into the cache with as few round trips as possible, for reads that will follow.
 * Addresses need not be aligned nor distinct. Unreadable pages are remembered as such and are no
 * error. Does nothing where memory_is_slow(): a page would be more than the reads need.
 */
DILL_MUST_CHECK struct dill_error *memory_prefetch(struct memory *memory, enum dill_space space,
						   const uint64_t *addresses, size_t count);

/**
 * Borrow one cached page, reading it when needed.
 * @param page  multiple of DILL_PAGE_SIZE
 * @param ret   valid until the next call on @p memory
 */
DILL_MUST_CHECK struct dill_error *memory_page(struct memory *memory, enum dill_space space,
					       uint64_t page, const uint8_t **ret);

/** Read past the cache, for large runs that are looked at once; same errors as memory_read(). */
DILL_MUST_CHECK struct dill_error *memory_read_uncached(struct memory *memory,
							enum dill_space space, uint64_t address,
							void *buffer, size_t length);

/**
 * Look at memory where it is, without a copy, where the target has it mapped (a dump that is not
 * compressed). Several threads may ask at once, between begin and end.
 * @return @p length bytes, valid until memory_free(); NULL when they cannot be had so: read them
 * then
 */
const void *memory_map_phys(const struct memory *memory, dill_phys address, size_t length);

/**
 * Give back the memory that looking at the target in place has cost so far: to be called by walks
 * over many pages. What was looked at can be looked at all the same.
 */
void memory_trim(const struct memory *memory);

/** The first range of physical memory at or after @p from, on targets that tell; false when there
 * is none. */
bool memory_next_range(const struct memory *memory, dill_phys from, dill_phys *ret_first,
		       uint64_t *ret_size);
/** The VMCOREINFO that came along with the target's memory; empty when there is none. Borrowed
 * until memory_free(). */
struct span memory_vmcoreinfo(const struct memory *memory);

/** The machine; UNSUPPORTED with its name when dill does not know it. Between begin and end. */
DILL_MUST_CHECK struct dill_error *memory_arch(struct memory *memory, const struct arch **ret);
DILL_MUST_CHECK struct dill_error *memory_registers(struct memory *memory, unsigned cpu,
						    struct dill_registers *ret);
DILL_MUST_CHECK struct dill_error *memory_cpu_count(struct memory *memory, unsigned *ret);
void memory_stats(struct memory *memory, struct dill_target_stats *ret);
/** Append one clause that says how much was read so far, and by which way. */
void memory_append_stats(struct memory *memory, struct strbuf *text);
const char *memory_describe(struct memory *memory);
/** Counts how often the target was found to have run; 0 before the first begin. */
uint64_t memory_epoch(const struct memory *memory);

/** INTERRUPTED when the host's user asked to stop, else NULL. Asked by every loop over target
 * memory. */
DILL_MUST_CHECK struct dill_error *memory_check_interrupt(const struct memory *memory);
/** The user's wish to stop was obeyed, and the command sums up; see dill_host. */
void memory_accept_interrupt(const struct memory *memory);
/** Say a remark to the host. */
void memory_log(const struct memory *memory, const char *format, ...) DILL_PRINTF(2, 3);

/** Borrow the target's run control; UNSUPPORTED when nobody can let this target run. Between begin
 * and end. */
DILL_MUST_CHECK struct dill_error *memory_runner(struct memory *memory, struct dill_runner *ret);
/** Forget all pages: the target has run between begin and end. With a kernel open:
 * kernel_forget(). */
void memory_invalidate(struct memory *memory);

DEFINE_CLEANUP(struct memory *, memory_free)

#endif
