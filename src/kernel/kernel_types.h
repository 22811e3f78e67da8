/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_KERNEL_TYPES_H
#define KERNEL_KERNEL_TYPES_H

#include "base/error.h"
#include "kernel/members.h"
#include "types/type.h"

struct kernel;

/** Types of the kernel, opened at the first call. Borrowed. NOT_FOUND when there are none anywhere.
 */
DILL_MUST_CHECK struct dill_error *kernel_types(struct kernel *kernel, struct types **ret);

/**
 * The members of a kernel.
 * @param ret  the kernel's
 * @return NULL; UNSUPPORTED when a member is missing that @p need cannot do without; what the types
 * failed with
 */
DILL_MUST_CHECK struct dill_error *kernel_members(struct kernel *kernel, enum kernel_need need,
						  const struct kernel_members **ret);

#endif
