/* SPDX-License-Identifier: MIT */
#ifndef TRACE_CURRENT_H
#define TRACE_CURRENT_H

#include "kernel/task.h"
#include "trace/peek.h"

/** Who a CPU works for. */
struct current {
	dill_virt task;
	uint32_t pid, tgid;
	char comm[TASK_COMM_MAX]; /**< raw, NUL-terminated: escape before display */
};

/** How the current task of a CPU is found. */
struct current_layout {
	dill_virt variable;		     /**< per-CPU: pointer to the task */
	uint32_t pid, tgid, comm, comm_size; /**< offsets in task_struct */
	uint32_t first, size;		     /**< the part of task_struct that holds them all */
};

/**
 * Find the variable and members in a kernel: current_task (to 6.1 and since 6.15), pcpu_hot in
 * between, or what the scheduler says, runqueues.curr.
 * Source: arch/x86/include/asm/current.h, kernel/sched/sched.h
 * @return NULL; UNSUPPORTED; what the types failed with
 */
DILL_MUST_CHECK struct dill_error *current_layout_find(struct kernel *kernel,
						       struct current_layout *ret);

/** Read who CPU @p cpu works for, now. NULL; FAULT; fatal errors. */
DILL_MUST_CHECK struct dill_error *current_read(struct kernel *kernel,
						const struct current_layout *layout,
						struct peek *peek, unsigned cpu,
						struct current *ret);

#endif
