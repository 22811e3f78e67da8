/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_TYPES_FILE_H
#define KERNEL_TYPES_FILE_H

#include "types/type.h"

/**
 * Types out of a file that the user gives: BTF as a file, a bzImage whose kernel carries BTF, or an
 * ELF for x86-64 with BTF or DWARF, linked or not. Of an ELF that has both its BTF is taken, unless
 * that is a module's, which goes on where the BTF of its kernel ends.
 *
 * Nothing is asked about the kernel that it is of: whoever uses the types checks them on the target
 * (types/member_votes.h).
 *
 * @param ret_format  "BTF" or "DWARF"
 * @return NULL; OS when it cannot be read; INVALID_ARGUMENT when it is no file; UNSUPPORTED when it
 * is of another format or machine; NOT_FOUND when it holds no types; BAD_DATA when it is broken
 */
DILL_MUST_CHECK struct dill_error *types_file_load(const char *path, struct types **ret,
						   const char **ret_format);

#endif
