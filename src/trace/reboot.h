/* SPDX-License-Identifier: MIT */
#ifndef TRACE_REBOOT_H
#define TRACE_REBOOT_H

#include "trace/peek.h"

/**
 * Tells a kernel that was booted again from the one that has run on, even when both are the same
 * and at the same place: by its counter of ticks, which starts anew.
 * Source: kernel/time/timer.c jiffies_64
 */
struct boot_clock {
	dill_virt address; /**< of the counter; 0 = this kernel has none that is known */
	uint64_t last;
};

/** Begin with the kernel as it is now. */
DILL_MUST_CHECK struct dill_error *boot_clock_start(struct kernel *kernel, struct peek *peek,
						    struct boot_clock *ret);

/** Look again. *ret_again: the counter has gone back, or is not to be read any more. NULL; fatal
 * errors. */
DILL_MUST_CHECK struct dill_error *boot_clock_check(struct boot_clock *clock, struct peek *peek,
						    bool *ret_again);

#endif
