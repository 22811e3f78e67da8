/* SPDX-License-Identifier: MIT */
#ifndef TARGET_TARGET_H
#define TARGET_TARGET_H

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
struct target;
struct arch;

/**
 * @param ops      borrowed, must outlive the memory
 * @param context  handed to every op; closed with ops->close() by target_free(), but still the
 *                 caller's after an error
 * @param host     copied
 */
DILL_MUST_CHECK struct dill_error *target_new(const struct dill_target_ops *ops, void *context,
					      const struct dill_host *host, struct target **ret);
void target_free(struct target *target);

/** Bracket around every command: ops->begin(), and a drop of the cache when the target has run
 * since. */
DILL_MUST_CHECK struct dill_error *target_begin(struct target *target);
DILL_MUST_CHECK struct dill_error *target_end(struct target *target);

/**
 * What ops->lacks() says, for a caller that tells it with something else: target_end() then does
 * not log it. NULL = nothing; valid until the next call.
 */
const char *target_take_lacks(struct target *target);

/** True when the target runs while it is read. */
bool target_moves(const struct target *target);
/** True when every byte costs, so that only what an answer needs should be read; between begin and
 * end. */
bool target_is_slow(const struct target *target);
/** True when the target serves @p space; valid between begin and end. */
bool target_has_space(struct target *target, enum dill_space space);

/**
 * Read @p length bytes at @p address.
 * @return NULL; FAULT with the first unreadable address; what the backend failed with; INTERRUPTED
 */
DILL_MUST_CHECK struct dill_error *target_read(struct target *target, enum dill_space space,
					       uint64_t address, void *buffer, size_t length);

/**
 * Bring pages into the cache with as few round trips as possible, for reads that will follow.
 * Addresses need not be aligned nor distinct. Unreadable pages are remembered as such and are no
 * error. Does nothing where target_is_slow(): a page would be more than the reads need.
 */
DILL_MUST_CHECK struct dill_error *target_prefetch(struct target *target, enum dill_space space,
						   const uint64_t *addresses, size_t count);

/**
 * Borrow one cached page, reading it when needed.
 * @param page  multiple of DILL_PAGE_SIZE
 * @param ret   valid until the next call on @p memory
 */
DILL_MUST_CHECK struct dill_error *target_page(struct target *target, enum dill_space space,
					       uint64_t page, const uint8_t **ret);

/** Read past the cache, for large runs that are looked at once; same errors as target_read(). */
DILL_MUST_CHECK struct dill_error *target_read_uncached(struct target *target,
							enum dill_space space, uint64_t address,
							void *buffer, size_t length);

/**
 * Look at memory where it is, without a copy, where the target has it mapped (a dump that is not
 * compressed). Several threads may ask at once, between begin and end.
 * @return @p length bytes, valid until target_free(); NULL when they cannot be had so: read them
 * then
 */
const void *target_map_phys(const struct target *target, dill_phys address, size_t length);

/**
 * Give back the memory that looking at the target in place has cost so far: to be called by walks
 * over many pages. What was looked at can be looked at all the same.
 */
void target_trim(const struct target *target);

/** The first range of physical memory at or after @p from, on targets that tell; false when there
 * is none. */
bool target_next_range(const struct target *target, dill_phys from, dill_phys *ret_first,
		       uint64_t *ret_size);
/** The VMCOREINFO that came along with the target's memory; empty when there is none. Borrowed
 * until target_free(). */
struct span target_vmcoreinfo(const struct target *target);

/** The machine; UNSUPPORTED with its name when dill does not know it. Between begin and end. */
DILL_MUST_CHECK struct dill_error *target_arch(struct target *target, const struct arch **ret);
DILL_MUST_CHECK struct dill_error *target_registers(struct target *target, unsigned cpu,
						    struct dill_registers *ret);
DILL_MUST_CHECK struct dill_error *target_cpu_count(struct target *target, unsigned *ret);
void target_stats(struct target *target, struct dill_target_stats *ret);
/** Append one clause that says how much was read so far, and by which way. */
void target_append_stats(struct target *target, struct strbuf *text);
const char *target_describe(struct target *target);
/** Counts how often the target was found to have run; 0 before the first begin. */
uint64_t target_epoch(const struct target *target);

/** INTERRUPTED when the host's user asked to stop, else NULL. Asked by every loop over target
 * memory. */
DILL_MUST_CHECK struct dill_error *target_check_interrupt(const struct target *target);
/** The user's wish to stop was obeyed, and the command sums up; see dill_host. */
void target_accept_interrupt(const struct target *target);
/** Say a remark to the host. */
void target_log(const struct target *target, const char *format, ...) DILL_PRINTF(2, 3);

/** Borrow the target's run control; UNSUPPORTED when nobody can let this target run. Between begin
 * and end. */
DILL_MUST_CHECK struct dill_error *target_runner(struct target *target, struct dill_runner *ret);
/** Forget all pages: the target has run between begin and end. With a kernel open:
 * kernel_forget(). */
void target_invalidate(struct target *target);

DEFINE_CLEANUP(struct target *, target_free)

#endif
