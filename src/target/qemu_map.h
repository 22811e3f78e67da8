/* SPDX-License-Identifier: MIT */
#ifndef TARGET_QEMU_MAP_H
#define TARGET_QEMU_MAP_H

#include <dill/target.h>

#include "base/array.h"
#include "base/span.h"

/** More ranges than any machine has, and the bound of what one tells us. */
#define QEMU_MAP_LIMIT 4096u

/** A run of guest physical memory. */
struct qemu_range {
	dill_phys start, last; /**< inclusive */
	bool is_ram;	       /**< plain RAM; else a ROM, whose content may come from a device */
};

/**
 * Which guest physical addresses are memory. What lies outside are devices: reading them can have
 * effects on the guest, so that dill never does.
 */
struct qemu_map {
	ARRAY(struct qemu_range) ranges; /**< ascending, disjoint */
};

/**
 * Read the answer of QEMU's monitor to "info mtree -f".
 *
 * @param ret  empty; the caller's, array_free() its ranges also after an error
 * @return NULL; BAD_DATA when this is no such answer or has no memory in it; LIMIT; NO_MEMORY
 *
 * Source: QEMU system/memory.c mtree_print_flatview(): after 'AS "memory", root: system' lines
 * like "  0000000000100000-000000001fffffff (prio 0, ram): pc.ram @0000000000100000".
 */
DILL_MUST_CHECK struct dill_error *qemu_map_parse(struct span text, struct qemu_map *ret);

/** True when the whole page is memory. */
bool qemu_map_holds(const struct qemu_map *map, dill_phys page);

/**
 * Read the answer to "gpa2hva ADDRESS", which says where QEMU keeps a page of the guest.
 * @return false when it says that there is no RAM
 */
bool qemu_host_address_parse(struct span text, uint64_t *ret);

#endif
