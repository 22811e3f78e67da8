/* SPDX-License-Identifier: MIT */
#ifndef TARGET_RECORDING_H
#define TARGET_RECORDING_H

#include "target/page_cache.h"

/**
 * What was read from a target: pages, and the CPUs' registers. Made by a recorder
 * (target/recorder.h), kept in a file (target/recording_file.h), and read again by a replay
 * (target/open.h recording_open()).
 */

/** Pages in one recording, 1 GiB of memory: more is a dump, and no small file shall unfold to more.
 */
#define RECORDING_PAGES_MAX 262144u
/** More CPUs than x86-64 kernels can have. */
#define RECORDING_CPUS_MAX 16384u
/** Longest description, in bytes. */
#define RECORDING_TEXT_MAX 1024u

struct recorded_cpu {
	bool known; /**< its registers could be read */
	struct dill_registers registers;
};

struct recording {
	bool moved;		  /**< the target ran while it was read: pages of many moments */
	unsigned spaces;	  /**< set of enum dill_space that the target served */
	struct page_cache *pages; /**< never so full that pages are dropped */
	uint32_t pages_max;
	struct recorded_cpu *cpus;
	unsigned cpu_count;
	char *description; /**< how the target called itself; printable, never NULL */
};

/**
 * An empty recording, to be given to recording_deinit(), also after an error.
 * @param pages_max  RECORDING_PAGES_MAX, or less
 */
DILL_MUST_CHECK struct dill_error *recording_init(uint32_t pages_max, struct recording *ret);
void recording_deinit(struct recording *recording);

static inline void recording_deinitp(struct recording *recording)
{
	recording_deinit(recording);
}

/**
 * Keep a page, in place of what was known of it.
 * @param data  DILL_PAGE_SIZE bytes, copied; NULL = the target could not read it
 * @return NULL; LIMIT when the recording is full; NO_MEMORY
 */
DILL_MUST_CHECK struct dill_error *recording_keep_page(struct recording *recording,
						       enum dill_space space, uint64_t page,
						       const uint8_t *data);

/** Set the number of CPUs; those that are new are unknown. NULL; LIMIT; NO_MEMORY */
DILL_MUST_CHECK struct dill_error *recording_set_cpu_count(struct recording *recording,
							   unsigned count);

/** Replace the description by @p length bytes, escaped and cut. */
DILL_MUST_CHECK struct dill_error *recording_describe(struct recording *recording, const char *text,
						      size_t length);

#endif
