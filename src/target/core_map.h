/* SPDX-License-Identifier: MIT */
#ifndef TARGET_CORE_MAP_H
#define TARGET_CORE_MAP_H

#include <dill/target.h>

#include "target/core_file.h"
#include "target/extents.h"

/**
 * Where physical memory lies in a file that holds memory and nothing else.
 *
 * A machine's memory has a hole below 4 GiB, where its devices are. A file that a hypervisor keeps
 * its guest's memory in lacks the hole: what is above it follows what is below. LiME's format=raw
 * lacks everything that the kernel does not call RAM.
 */

/**
 * Read a map that the user gives: "ADDRESS:LENGTH[:OFFSET],...", numbers with or without K, M, G or
 * T. A range without an offset follows the one before it in the file.
 * @param ret  empty; settled then
 * @return NULL; INVALID_ARGUMENT when it is no map, or ends behind the file; BAD_DATA when a range
 * ends past the last address; NO_MEMORY
 */
DILL_MUST_CHECK struct dill_error *core_map_parse(const char *text, uint64_t file_size,
						  struct extents *ret);

/**
 * Search the file for the machine's own map: the table that a BIOS or a boot loader hands to the
 * kernel, which keeps several copies of it. One counts when it and the size of the file say
 * together how memory lies in it: as it is, with RAM alone, or without the hole below 4 GiB.
 *
 * @param file       not scattered
 * @param host       asked whether the user wants to stop; NULL = nobody
 * @param ret        empty; settled then
 * @param ret_found  false when there is none: the file is taken as it is
 * @return NULL; INTERRUPTED; NO_MEMORY
 *
 * Source: arch/x86/include/uapi/asm/setup_data.h "struct boot_e820_entry",
 * arch/x86/kernel/e820.c
 */
DILL_MUST_CHECK struct dill_error *core_map_find(const struct core_file *file,
						 const struct dill_host *host, struct extents *ret,
						 bool *ret_found);

/** The same in bytes of a file of @p file_size; @p ret is not settled. */
DILL_MUST_CHECK struct dill_error *core_map_search(struct span bytes, uint64_t file_size,
						   struct extents *ret, bool *ret_found);

#endif
