/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_JIFFIES_H
#define KERNEL_JIFFIES_H

#include <stdint.h>

#include "base/error.h"

struct kernel;

struct jiffies {
	uint64_t now;	      /**< the counter */
	uint64_t nanoseconds; /**< of one: 10^9 / HZ */
};

/**
 * Read the kernel's clock of ticks.
 * @return NULL; NOT_FOUND, FAULT or BAD_DATA when this kernel does not tell; fatal errors
 *
 * Source: kernel/time/jiffies.c clocksource_jiffies, whose mult and shift say how long a jiffy is
 */
DILL_MUST_CHECK struct dill_error *kernel_jiffies(struct kernel *kernel, struct jiffies *ret);

#endif
