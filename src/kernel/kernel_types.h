/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_KERNEL_TYPES_H
#define KERNEL_KERNEL_TYPES_H

#include "base/error.h"
#include "kernel/kernel_members.h"
#include "types/type.h"

struct kernel;

/** What to give where types are missing or cannot be read. */
#define KERNEL_TYPES_HELP                                                                          \
	"give --types FILE, or a vmlinux with debug information by --vmlinux (in GDB: \"set dill " \
	"types FILE\", \"file vmlinux\")"

/** What to do about a kernel without types, behind what is missing and a colon. */
#define KERNEL_NO_TYPES                                                                            \
	"built without CONFIG_DEBUG_INFO_BTF; a bzImage brings no types; " KERNEL_TYPES_HELP

/** Types of the kernel, opened at the first call. Borrowed. NOT_FOUND when there are none anywhere.
 */
DILL_MUST_CHECK struct dill_error *kernel_types(struct kernel *kernel, struct types **ret);

/** Take the types of a file that the user gives, for kernel_open(). What types_file_load() returns.
 */
DILL_MUST_CHECK struct dill_error *kernel_load_types_file(struct kernel *kernel, const char *path);

/** The file that the types were given in, which is of any kernel; NULL when they are this one's. */
const char *kernel_types_file(const struct kernel *kernel);

/**
 * The target's BTF as it stands in its memory, not yet looked at.
 * @param ret  the caller's, from malloc
 * @return NULL; NOT_FOUND when it carries none; BAD_DATA for an impossible size; what reading
 * failed with
 */
DILL_MUST_CHECK struct dill_error *kernel_read_btf(struct kernel *kernel, uint8_t **ret,
						   size_t *ret_size);

/**
 * The members of a kernel.
 * @param ret  the kernel's
 * @return NULL; UNSUPPORTED when a member is missing that @p need cannot do without; what the types
 * failed with
 */
DILL_MUST_CHECK struct dill_error *kernel_members(struct kernel *kernel, enum kernel_need need,
						  const struct kernel_members **ret);

/**
 * Members that somebody above has found (src/solve/), for a kernel without types: @p source is
 * asked for all of them now.
 * @param node_bits  how many of a page's flags, the topmost ones, hold its node; 0 = not known
 */
void kernel_take_members(struct kernel *kernel, struct member_source source, unsigned node_bits);

#endif
