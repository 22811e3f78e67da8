/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_TASK_PRIVATE_H
#define KERNEL_TASK_PRIVATE_H

#include "kernel/kernel_members.h"
#include "kernel/task.h"
#include "kernel/xarray.h"

/* What the files of the tasks share: task_read.c, task_ring.c, tasks.c. */

struct tasks {
	struct kernel *kernel;
	const struct kernel_members *members;
	dill_virt init_task;
	struct kernel_members solved; /* members, where no type tells them (task_solve.c) */
	/* The way by number; absent ones leave the walk. */
	bool has_pid_table;
	dill_virt pid_table; /* address of init_pid_ns.idr.idr_rt.xa_head */
	struct xarray_layout xarray;
};

/* The lower half of the address space is never the kernel's. */
static inline bool is_kernel_pointer(uint64_t value)
{
	return value >> 63 && value % sizeof(uint64_t) == 0;
}

/* True when an error only means "not readable"; it is freed then. */
static inline bool forgive(struct dill_error **error)
{
	if (!*error || error_is_fatal(*error))
		return false;
	dill_error_free(*error);
	*error = NULL;
	return true;
}

static inline struct dill_error *report(const struct task_visitor *visitor,
					const struct task_finding *finding)
{
	return visitor->finding(visitor->context, finding);
}

#endif
