/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_TASKS_H
#define KERNEL_TASKS_H

#include "kernel/task.h"

struct kernel;

/**
 * The tasks of a kernel: processes and their threads.
 *
 * Lists are followed forwards; where a link is broken the rest is fetched backwards from the other
 * end, so that one wrong pointer hides nothing. Numbers (pids, uids) are those of the initial
 * namespaces.
 */
struct tasks;

enum task_scope {
	TASK_SCOPE_PROCESSES, /**< thread group leaders */
	TASK_SCOPE_THREADS,   /**< each leader, then the other threads of its group */
};

/**
 * Resolve what is needed of the kernel's types and symbols.
 * @param kernel  borrowed, must outlive the tasks
 * @return NULL; NOT_FOUND with the member or symbol that is missing; fatal errors
 */
DILL_MUST_CHECK struct dill_error *tasks_new(struct kernel *kernel, struct tasks **ret);
/** Whether the members were solved from memory: state, CPU, uid, stack and mm are absent then, and
 * threads besides a process's first. */
bool tasks_are_solved(const struct tasks *tasks);
void tasks_free(struct tasks *tasks);
DEFINE_CLEANUP(struct tasks *, tasks_free)

/**
 * Visit every task that /proc shows, in the order of their creation.
 * @return NULL; fatal errors; what the visitor returned. Broken lists are findings.
 */
DILL_MUST_CHECK struct dill_error *tasks_each(struct tasks *tasks, enum task_scope scope,
					      const struct task_visitor *visitor);

/** Visit the threads of the process that @p task belongs to, its leader first. Same errors. */
DILL_MUST_CHECK struct dill_error *tasks_each_thread(struct tasks *tasks, const struct task *task,
						     const struct task_visitor *visitor);

/**
 * Find a task by its number; threads that lead no group are found too, and 0 is the idle task of
 * the boot CPU.
 *
 * @param visitor  only its finding() is called
 * @return NULL; NOT_FOUND; fatal errors
 */
DILL_MUST_CHECK struct dill_error *tasks_find(struct tasks *tasks, uint32_t pid,
					      const struct task_visitor *visitor, struct task *ret);

#endif
