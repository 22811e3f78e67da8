/* SPDX-License-Identifier: MIT */
#ifndef FAKE_TARGET_H
#define FAKE_TARGET_H

#include "target/target.h"

#define FAKE_CPUS 4

/** A target whose memory is one array; counts what is asked of it. */
struct fake_target {
	unsigned spaces; /**< set of enum dill_space that it serves, all with the same bytes */
	uint64_t first;	 /**< address of the first byte */
	uint8_t *bytes;
	size_t size; /**< whole pages */
	struct dill_registers registers[FAKE_CPUS];
	unsigned cpus;
	uint64_t generation;
	unsigned calls;			/**< of read_pages() */
	size_t pages;			/**< asked for in these */
	bool tells_ranges;		/**< next_range(): all of it */
	const char *vmcoreinfo;		/**< or NULL */
	bool moves;			/**< it runs while it is read */
	const struct dill_run_ops *run; /**< or NULL */
};

/** @p size bytes of zeros from @p first on; one CPU. */
void fake_target_init(struct fake_target *target, unsigned spaces, uint64_t first, size_t size);
void fake_target_deinit(struct fake_target *target);

/** Its ops, whose context is the target; closing it frees nothing. */
const struct dill_target_ops *fake_target_ops(void);

/** Memory over the target, begun. The target must outlive it. */
struct target *fake_target_open(struct fake_target *target);
/** End and free it. */
void fake_target_close(struct target *memory);
/** Let the target run: end, change, begin. */
void fake_target_run(struct fake_target *target, struct target *memory);

void *fake_target_at(struct fake_target *target, uint64_t address);
uint64_t fake_target_u64(struct fake_target *target, uint64_t address);
void fake_target_set_u64(struct fake_target *target, uint64_t address, uint64_t value);

/* --- page tables in the fake's physical memory --- */

#define FAKE_WRITABLE	UINT64_C(2)
#define FAKE_USER	UINT64_C(4)
#define FAKE_NO_EXECUTE (UINT64_C(1) << 63)

/** Page tables that grow by taking pages from @p next on. */
struct fake_tables {
	struct fake_target *target;
	uint64_t root, next;
	unsigned levels;
};

void fake_tables_init(struct fake_tables *tables, struct fake_target *target, unsigned levels,
		      uint64_t root, uint64_t next);
/**
 * Map a page; all tables on the way are writable, executable and user.
 * @param level  1 = 4 KiB, 2 = 2 MiB, 3 = 1 GiB
 * @param flags  FAKE_ bits
 */
void fake_tables_map(struct fake_tables *tables, uint64_t address, uint64_t phys, unsigned level,
		     uint64_t flags);
/** Physical address of the entry at @p level on the way to @p address, which must exist. */
uint64_t fake_tables_entry(struct fake_tables *tables, uint64_t address, unsigned level);

#endif
