/* SPDX-License-Identifier: MIT */
#include "kernel/kernel.h"
#include "target/target.h"

/* For tests that give a kernel's memory themselves: there is no target below, and nobody
 * interrupts. */

struct target *kernel_target(struct kernel *kernel)
{
	(void)kernel;
	return NULL;
}

struct dill_error *target_check_interrupt(const struct target *target)
{
	(void)target;
	return NULL;
}
