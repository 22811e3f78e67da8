/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_PERCPU_H
#define KERNEL_PERCPU_H

#include <dill/target.h>

#include "base/error.h"

struct kernel;
struct cpus;

/* Per-CPU data and nodes. */

/** One past the largest possible CPU number (nr_cpu_ids). */
unsigned kernel_cpu_limit(struct kernel *kernel);
bool kernel_cpu_possible(struct kernel *kernel, unsigned cpu);
bool kernel_cpu_online(struct kernel *kernel, unsigned cpu);
/**
 * Address of the per-CPU object @p pointer (a __percpu value or a per-CPU symbol's value) on @p
 * cpu; 0 when @p cpu is not below kernel_cpu_limit(). The addition is the same whether per-CPU
 * symbols are offsets (x86-64 to 6.14) or ordinary addresses (6.15 on).
 */
dill_virt kernel_percpu_address(struct kernel *kernel, dill_virt pointer, unsigned cpu);
DILL_MUST_CHECK struct dill_error *kernel_percpu_symbol(struct kernel *kernel, const char *name,
							unsigned cpu, dill_virt *ret);
/** One past the largest possible NUMA node (nr_node_ids), 1 without NUMA. */
unsigned kernel_node_limit(struct kernel *kernel);
/** False where no symbol tells it, until somebody above (src/solve/) has found it in memory. */
bool kernel_node_limit_is_known(struct kernel *kernel);
void kernel_take_node_limit(struct kernel *kernel, unsigned limit);

/* --- for the rest of this room --- */

DILL_MUST_CHECK struct dill_error *cpus_load(struct kernel *kernel);
void cpus_deinit(struct cpus *cpus);

#endif
