/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_INSIDE_H
#define KERNEL_INSIDE_H

#include "base/error.h"

struct kernel;

/**
 * Whether a CPU was stopped inside of one of these functions: its instruction pointer or a word of
 * its stack that looks like a return address lies in one. A leftover on the stack may make it true
 * without need; false where the target has no registers.
 * @param functions  names, ends with NULL
 * @return NULL; fatal errors
 */
DILL_MUST_CHECK struct dill_error *kernel_cpu_inside(struct kernel *kernel, unsigned cpu,
						     const char *const *functions, bool *ret);

/**
 * Whether a CPU was stopped in the kernel with interrupts off; false where the target has no
 * registers.
 * @return NULL; fatal errors
 */
DILL_MUST_CHECK struct dill_error *kernel_cpu_masked(struct kernel *kernel, unsigned cpu,
						     bool *ret);

#endif
